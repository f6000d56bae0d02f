/** Many pollers over keep-alive connections; each sends its next request after the previous response. Counts responses and keeps the last one. */
import { createConnection, type Socket } from 'node:net';

/** The request of a poll. */
export interface PollRequest {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One response. */
export interface PollAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The result of a round of polling. */
export interface PollRound {
  readonly requests: number;
  /** Responses whose status or length differed from the first one. */
  readonly different: number;
  readonly last: PollAnswer | null;
}

const END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
const CHUNKED_END = Buffer.from('0\r\n\r\n');

function wire({ port, method, path, headers, body }: PollRequest): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (method === 'POST') lines.push(`content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** The length of the first complete response in a buffer; 0 if it is incomplete. */
function answerLength(buffer: Buffer): number {
  const headEnd = buffer.indexOf(END);
  if (headEnd < 0) return 0;
  const head = buffer.toString('latin1', 0, headEnd);
  const length = LENGTH.exec(head)?.[1];
  if (length !== undefined) {
    const total = headEnd + END.length + Number(length);
    return buffer.length >= total ? total : 0;
  }
  if (!CHUNKED.test(head)) return headEnd + END.length;
  const bodyEnd = buffer.indexOf(CHUNKED_END, headEnd);
  return bodyEnd < 0 ? 0 : bodyEnd + CHUNKED_END.length;
}

function parse(answer: Buffer): PollAnswer {
  const headEnd = answer.indexOf(END);
  const [statusLine = '', ...lines] = answer.toString('latin1', 0, headEnd).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const status = Number(statusLine.split(' ')[1]);
  return { status, headers, body: answer.toString('utf8', headEnd + END.length) };
}

/** Polls over several connections for a while. */
export async function poll(
  request: PollRequest,
  connections: number,
  durationMs: number,
): Promise<PollRound> {
  const bytes = wire(request);
  let requests = 0;
  let different = 0;
  let firstKind = '';
  let last: Buffer | null = null;
  let over = false;
  const pollOn = (socket: Socket) =>
    new Promise<void>((resolve, reject) => {
      let held: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
        const length = answerLength(held);
        if (length === 0) return;
        last = held.subarray(0, length);
        held = held.subarray(length);
        requests += 1;
        const kind = `${last.toString('latin1', 9, 12)} ${length}`;
        if (firstKind === '') firstKind = kind;
        else if (kind !== firstKind) different += 1;
        if (over) {
          socket.destroy();
          resolve();
        } else socket.write(bytes);
      });
      socket.once('error', reject);
      socket.once('connect', () => socket.write(bytes));
    });
  setTimeout(() => {
    over = true;
  }, durationMs);
  await Promise.all(
    Array.from({ length: connections }, () =>
      pollOn(createConnection({ port: request.port, host: '127.0.0.1', noDelay: true })),
    ),
  );
  return { requests, different, last: last === null ? null : parse(last) };
}
