/**
 * A proxy before a MongoDB server that answers some commands itself, with an error of MongoDB's: for rights, quotas and
 * abilities that the server behind it has no notion of. Knows of the wire protocol what a command and a reply are.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { BSON } from 'mongodb';
import { eachMessage } from './serializing-proxy.js';

/** An error as MongoDB answers it. */
export interface MongoRefusal {
  readonly code: number;
  readonly codeName: string;
  readonly errmsg: string;
}

/** A command as it was sent; its first key is its name. */
export type MongoCommand = Readonly<Record<string, unknown>>;

/** What to answer a command; null to pass it on. */
export type RefusalRule = (name: string, command: MongoCommand) => MongoRefusal | null;

/** A running proxy. */
export interface RefusingMongo extends AsyncDisposable {
  /** The address of the server behind it, with this port. */
  readonly uri: string;
  /** Commands that it answered itself so far, by name. */
  readonly refused: readonly string[];
  /** Answers by this rule from now on; null passes everything on. */
  refuse(rule: RefusalRule | null): void;
  /** Cuts every connection and stops listening. A second call does no harm. */
  dispose(): Promise<void>;
}

/** How the server shall look. */
export interface RefusingMongoOptions {
  /**
   * Says that it is a mongos, so that drivers send retryable writes, as they do to DocumentDB and Cosmos DB.
   * @default false
   */
  readonly looksSharded?: boolean;
}

/** Commands that change data. */
export const WRITES: ReadonlySet<string> = new Set([
  'insert',
  'update',
  'delete',
  'findAndModify',
  'bulkWrite',
]);

/** Errors of the world's servers, in their words. */
export const MONGO_REFUSALS = Object.freeze({
  unauthorized: (name: string): MongoRefusal => ({
    code: 13,
    codeName: 'Unauthorized',
    errmsg: `not authorized on progress to execute command { ${name}: "ingestion_progress" }`,
  }),
  /** Atlas, once the storage of a plan is used up. */
  overQuota: {
    code: 8_000,
    codeName: 'AtlasError',
    errmsg: 'you are over your space quota, using 513 MB of 512 MB',
  },
  /** Amazon DocumentDB. */
  noRetryableWrites: { code: 301, codeName: 'Unknown', errmsg: 'Retryable writes are not supported' },
});

const HEADER_BYTES = 16;
const OP_REPLY = 1;
const OP_MSG = 2_013;
/** After OP_MSG's header: flags, then the kind of the first section. */
const MSG_BODY = HEADER_BYTES + 5;
/** After OP_REPLY's header: flags, cursor, place, count. */
const REPLY_BODY = HEADER_BYTES + 20;

/** Flag of OP_MSG, and the kind of its sections that are a list of documents. */
const CHECKSUM_PRESENT = 1;
const DOCUMENTS = 1;

const opcodeOf = (message: Buffer) => message.readInt32LE(12);

/** The first document that begins there; sections of documents may follow it. */
function documentAt(message: Buffer, offset: number): MongoCommand {
  return BSON.deserialize(message.subarray(offset, offset + message.readInt32LE(offset)));
}

/** The command of a message: its body, and under their names the lists that follow it as sections of their own. */
function commandOf(message: Buffer): MongoCommand {
  const command: Record<string, unknown> = { ...documentAt(message, MSG_BODY) };
  const flags = message.readUInt32LE(HEADER_BYTES);
  const end = message.length - (flags & CHECKSUM_PRESENT ? 4 : 0);
  let offset = MSG_BODY + message.readInt32LE(MSG_BODY);
  while (offset < end && message[offset] === DOCUMENTS) {
    const after = offset + 1 + message.readInt32LE(offset + 1);
    const nameEnd = message.indexOf(0, offset + 5);
    const documents: MongoCommand[] = [];
    for (let at = nameEnd + 1; at < after; at += message.readInt32LE(at))
      documents.push(documentAt(message, at));
    command[message.toString('utf8', offset + 5, nameEnd)] = documents;
    offset = after;
  }
  return command;
}

/** The message with another document from `offset` on, to its end. */
function withDocument(message: Buffer, offset: number, document: MongoCommand): Buffer {
  const changed = Buffer.concat([message.subarray(0, offset), BSON.serialize(document)]);
  changed.writeInt32LE(changed.length, 0);
  return changed;
}

function answer(request: Buffer, refusal: MongoRefusal): Buffer {
  const header = Buffer.alloc(MSG_BODY);
  header.writeInt32LE(request.readInt32LE(4), 8);
  header.writeInt32LE(OP_MSG, 12);
  return withDocument(header, MSG_BODY, { ok: 0, ...refusal });
}

/** A reply to `hello` that says mongos; others as they are. */
function shardedReply(message: Buffer): Buffer {
  const body = { [OP_REPLY]: REPLY_BODY, [OP_MSG]: MSG_BODY }[opcodeOf(message)];
  if (body === undefined || message.length <= body) return message;
  const document = documentAt(message, body);
  if (!('maxWireVersion' in document)) return message;
  return withDocument(message, body, { ...document, msg: 'isdbgrid', logicalSessionTimeoutMinutes: 30 });
}

/** Starts a proxy to the MongoDB of this machine at `uri`. */
export async function startRefusingMongo(
  uri: string,
  { looksSharded = false }: RefusingMongoOptions = {},
): Promise<RefusingMongo> {
  const target = Number(new URL(uri).port || 27_017);
  const sockets = new Set<Socket>();
  const refused: string[] = [];
  let rule: RefusalRule | null = null;

  const refusalOf = (message: Buffer): MongoRefusal | null => {
    if (rule === null || opcodeOf(message) !== OP_MSG) return null;
    const command = commandOf(message);
    const [name = ''] = Object.keys(command);
    const refusal = rule(name, command);
    if (refusal !== null) refused.push(name);
    return refusal;
  };

  const server = createServer((outer) => {
    const inner = connect(target, '127.0.0.1');
    for (const socket of [outer, inner]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        outer.destroy();
        inner.destroy();
      });
    }
    eachMessage(outer, (message) => {
      const refusal = refusalOf(message);
      if (refusal === null) inner.write(message);
      else outer.write(answer(message, refusal));
    });
    eachMessage(inner, (message) => outer.write(looksSharded ? shardedReply(message) : message));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const address = new URL(uri);
  address.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dispose = async () => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  return {
    uri: address.toString(),
    refused,
    refuse: (next) => {
      rule = next;
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}
