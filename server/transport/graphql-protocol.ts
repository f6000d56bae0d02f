/**
 * The hooks of graphql-ws: authentication at connection_init, documents and limits at each operation, the fast path for
 * progress. No hook throws, since graphql-ws would close the whole socket.
 */
import { OperationTypeNode, execute, subscribe } from 'graphql';
import type { ExecutionArgs, GraphQLSchema, GraphQLError } from 'graphql';
import type { Context, ServerOptions, SubscribePayload } from 'graphql-ws';
import { connectionToken } from '../auth/bearer.js';
import type { Guard } from '../auth/guard.js';
import { createSession } from '../auth/session.js';
import type { SessionReaper } from '../auth/session-reaper.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { openList } from '../graphql/authorized-list.js';
import { openSubscription } from '../graphql/authorized-subscription.js';
import { lifetimeOf } from '../graphql/context.js';
import type { GraphqlContext } from '../graphql/context.js';
import { logExceededLimits } from '../graphql/document-limits.js';
import type { Documents, Prepared } from '../graphql/documents.js';
import type { MaskError } from '../graphql/error-mask.js';
import type { SharedExecution } from '../graphql/shared-execution.js';
import type { ReconnectCounter } from '../observability/reconnect-counter.js';
import type { Logger } from '../observability/logger.js';
import type { LimitLogger } from '../observability/limit-logger.js';
import type { ListFeed } from '../list/list-feed.js';
import type { WatchHub } from '../watch/watch-hub.js';
import { CLOSES, closeForAuthError } from './close-codes.js';
import type { Connection } from './connection.js';
import type { FairTurns } from './fair-turns.js';
import { openSubscriptionSink } from './subscription-sink.js';
import type { DeliveryCounters } from './subscription-sink.js';

/** Options of the protocol. */
export interface GraphqlProtocolOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly shared: SharedExecution;
  readonly hub: WatchHub;
  readonly lists: ListFeed;
  readonly guard: Guard;
  readonly sessionReaper: SessionReaper;
  readonly mask: MaskError;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: DeliveryCounters;
  readonly limitLogger: LimitLogger;
  readonly reconnectCounter: ReconnectCounter;
  readonly turns: FairTurns;
  /** Operations open at once on one connection. */
  readonly subscriptions: number;
  /** Counts a connection as its viewer's; returns what frees its place, or null if there is none. */
  readonly admit: (connection: Connection, subject: string) => (() => void) | null;
}

/** Kept for as long as the operation, and sent with each of its events; a UUID has 36. */
const MAX_OPERATION_ID_BYTES = 128;

interface OperationContext extends GraphqlContext {
  readonly operation: {
    readonly id: string;
    readonly prepared: Prepared;
    readonly connection: Connection;
    /** Of its message. */
    readonly bytes: number;
  };
}

type Connected = Context<Record<string, unknown> | undefined, Connection>;
type Iterated = AsyncIterableIterator<never>;

/** An iterator that fails at once: the client gets an `error` message and the socket stays open. */
function failing(error: Error): Iterated {
  const iterator: Iterated = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => Promise.reject(error),
    return: () => Promise.resolve({ done: true, value: undefined }),
  };
  return iterator;
}

/** Creates the hooks. */
export function createGraphqlProtocol(
  options: GraphqlProtocolOptions,
): ServerOptions<Record<string, unknown> | undefined, Connection> {
  const { schema, documents, shared, hub, lists, guard, sessionReaper, mask, clock, logger, counters } =
    options;

  async function connect(connected: Connected): Promise<Record<string, unknown> | false> {
    const { extra: connection, connectionParams } = connected;
    const { source } = connection;
    connection.markInitialised();
    // graphql-ws would keep the token for as long as the connection.
    Object.assign(connected, { connectionParams: undefined });
    try {
      const viewer = await guard.authenticate(connectionToken(connectionParams), source);
      if (connection.closing !== null) return false;
      const release = options.admit(connection, viewer.subject);
      if (release === null) {
        connection.close(CLOSES.tooManyConnections);
        return false;
      }
      const session = createSession({ viewer, source, guard, refreshable: true });
      const untrack = sessionReaper.track(session, () => {
        const fields = { who: viewer.subject, from: source.address, requestId: source.requestId };
        options.limitLogger.log('info', viewer.subject, fields, 'token expired; closing WebSocket');
        connection.close(CLOSES.expired);
      });
      connection.acknowledge(session, () => {
        untrack();
        release();
      });
      options.reconnectCounter.connected(viewer.subject);
      logger.debug(
        { who: viewer.subject, from: source.address, requestId: source.requestId },
        'WebSocket connected',
      );
      return { ...lifetimeOf(viewer, clock) };
    } catch (error) {
      connection.close(error instanceof ProgressError ? closeForAuthError(error.code) : CLOSES.failed);
      return false;
    }
  }

  function rejected(error: unknown): readonly GraphQLError[] {
    return [mask(error)];
  }

  /** Validates an operation: returns what to execute, or the errors. */
  async function accept(
    { extra: connection, subscriptions }: Connected,
    id: string,
    { query, operationName, variables }: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const { session } = connection;
    if (session === null)
      return rejected(new ProgressError('UNAUTHENTICATED', 'Send connection_init first.'));
    // A query goes on when its client lets go of its id.
    const open = Math.max(Object.keys(subscriptions).length, connection.queries + 1);
    if (open > options.subscriptions) {
      options.limitLogger.logExceeded(
        'operations of a connection',
        session.viewer.subject,
        options.subscriptions,
      );
      const message = `At most ${options.subscriptions} operations may be open on one connection.`;
      return rejected(new ProgressError('RATE_LIMITED', message));
    }
    if (Buffer.byteLength(id) > MAX_OPERATION_ID_BYTES) {
      const message = `The id of an operation may have at most ${MAX_OPERATION_ID_BYTES} bytes.`;
      return rejected(new ProgressError('BAD_USER_INPUT', message));
    }
    const bytes = connection.messageBytes;
    if (!documents.isKnown(query))
      await connection.runQuery(bytes, () => options.turns.wait(session.viewer.subject, 'heavy'));
    session.checkCpu();
    const prepared = session.measureCpu(() => documents.prepare({ query, operationName, variables }));
    if ('document' in prepared) session.chargeCpu(documents.executionMs(prepared.document));
    else {
      logExceededLimits(prepared, session.viewer.subject, options.limitLogger);
      return prepared.map(mask);
    }
    const contextValue: OperationContext = { session, operation: { id, prepared, connection, bytes } };
    return {
      schema,
      document: prepared.document,
      operationName: operationName ?? null,
      variableValues: variables ?? {},
      contextValue,
    };
  }

  function executeInTurn(args: ExecutionArgs) {
    const { subject } = (args.contextValue as OperationContext).session.viewer;
    return options.turns.run(subject, documents.executionMs(args.document), () => execute(args));
  }

  async function openOperation(args: ExecutionArgs) {
    const { operation, session } = args.contextValue as OperationContext;
    const { id, prepared, connection } = operation;
    try {
      const subscription = session.measureCpu(() => shared.prepare(prepared));
      if (subscription !== null) {
        // graphql-ws keeps the arguments for as long as the operation; the fast path never executes them.
        Object.assign(args, { contextValue: undefined, variableValues: undefined });
        const { field, document } = subscription;
        const sink = { connection, id, counters };
        return field === 'ingestions'
          ? await openSubscriptionSink({
              ...sink,
              renderer: subscription.renderer,
              open: (reader) => openList(lists, session, subscription.args, document, reader),
            })
          : await openSubscriptionSink({
              ...sink,
              renderer: subscription.renderer,
              open: (reader) => openSubscription(hub, session, subscription.args, document, reader),
            });
      }
      const opened = await subscribe(args);
      if (Symbol.asyncIterator in opened) return opened;
      return failing(mask(opened.errors?.[0] ?? new Error('A subscription gave neither events nor errors.')));
    } catch (error) {
      return failing(mask(error));
    }
  }

  return {
    // The endpoint enforces this timeout itself, with one timer for all connections.
    connectionInitWaitTimeout: 0,
    onConnect: connect,
    onSubscribe: async (connected, id, payload) => {
      try {
        const accepted = await accept(connected, id, payload);
        // graphql-ws keeps the payload for as long as the operation: the document's text once per watcher, and
        // variables, neither of which is needed any more.
        Object.assign(payload, { query: '', variables: undefined });
        return accepted;
      } catch (error) {
        return rejected(error);
      }
    },
    execute: (args: ExecutionArgs) => {
      const { operation } = args.contextValue as OperationContext;
      if (operation.prepared.operation.operation !== OperationTypeNode.QUERY) return executeInTurn(args);
      return operation.connection.runQuery(operation.bytes, () => executeInTurn(args));
    },
    subscribe: openOperation,
    onNext: (_connected, _id, _payload, _args, { data, errors }) =>
      errors === undefined
        ? undefined
        : { ...(data === undefined ? {} : { data }), errors: errors.map((error) => mask(error).toJSON()) },
    onError: (_connected, _id, _payload, errors) => errors.map((error) => mask(error).toJSON()),
  };
}
