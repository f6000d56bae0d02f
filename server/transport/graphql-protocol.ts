/**
 * What graphql-ws is told to do at each step: tokens at the first message, documents and limits at each operation, the
 * fast lane for progress. No hook throws, since graphql-ws would close the whole socket for it.
 */
import { execute, subscribe } from 'graphql';
import type { ExecutionArgs, GraphQLSchema, GraphQLError } from 'graphql';
import type { Context, ServerOptions, SubscribePayload } from 'graphql-ws';
import { connectionToken } from '../auth/bearer.js';
import type { Guard } from '../auth/guard.js';
import { createSession } from '../auth/session.js';
import type { SessionKeeper } from '../auth/session-reaper.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { lifetimeOf } from '../graphql/context.js';
import type { GraphqlContext } from '../graphql/context.js';
import { tellOfLimits } from '../graphql/document-limits.js';
import type { Documents, Prepared } from '../graphql/documents.js';
import type { MaskError } from '../graphql/error-mask.js';
import type { SharedExecution } from '../graphql/shared-execution.js';
import type { Comebacks } from '../observability/reconnect-counter.js';
import type { Logger } from '../observability/logger.js';
import type { OffenderLog } from '../observability/limit-logger.js';
import type { WatchHub } from '../watch/watch-hub.js';
import { CLOSES, closeOfRefusal } from './close-codes.js';
import type { Connection } from './connection.js';
import { openFastLane } from './subscription-sink.js';
import type { LaneCounters } from './subscription-sink.js';

/** What the protocol stands on. */
export interface GraphqlProtocolOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly shared: SharedExecution;
  readonly hub: WatchHub;
  readonly guard: Guard;
  readonly keeper: SessionKeeper;
  readonly mask: MaskError;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: LaneCounters;
  readonly offenders: OffenderLog;
  readonly comebacks: Comebacks;
  /** Operations open at once on one connection. */
  readonly subscriptions: number;
}

interface OperationContext extends GraphqlContext {
  readonly operation: { readonly id: string; readonly prepared: Prepared; readonly connection: Connection };
}

type Connected = Context<Record<string, unknown> | undefined, Connection>;
type Iterated = AsyncIterableIterator<never>;

/** An iterator that fails at once, so that the client is told by an `error` message and the socket stays. */
function failing(error: Error): Iterated {
  const iterator: Iterated = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => Promise.reject(error),
    return: () => Promise.resolve({ done: true, value: undefined }),
  };
  return iterator;
}

/** Makes the hooks. */
export function createGraphqlProtocol(
  options: GraphqlProtocolOptions,
): ServerOptions<Record<string, unknown> | undefined, Connection> {
  const { schema, documents, shared, hub, guard, keeper, mask, clock, logger, counters } = options;

  async function connect(connected: Connected): Promise<Record<string, unknown> | false> {
    const { extra: connection, connectionParams } = connected;
    const { origin } = connection;
    connection.begin();
    // graphql-ws would keep the token for as long as the connection.
    Object.assign(connected, { connectionParams: undefined });
    try {
      const viewer = await guard.authenticate(connectionToken(connectionParams), origin);
      if (connection.closing !== null) return false;
      const session = createSession({ viewer, origin, guard, refreshable: true });
      connection.session = session;
      connection.release = keeper.keep(session, () => {
        logger.info(
          { who: session.viewer.subject, from: origin.address, requestId: origin.requestId },
          'token expired',
        );
        connection.close(CLOSES.expired);
      });
      options.comebacks.came(viewer.subject);
      logger.debug({ who: viewer.subject, from: origin.address, requestId: origin.requestId }, 'connected');
      return { ...lifetimeOf(viewer, clock) };
    } catch (error) {
      connection.close(error instanceof ProgressError ? closeOfRefusal(error.code) : CLOSES.failed);
      return false;
    }
  }

  function refuse(error: unknown): readonly GraphQLError[] {
    return [mask(error)];
  }

  /** Decides about an operation: what to execute, or what is wrong with it. */
  function accept(
    { extra: connection, subscriptions }: Connected,
    id: string,
    { query, operationName, variables }: SubscribePayload,
  ): ExecutionArgs | readonly GraphQLError[] {
    const { session } = connection;
    if (session === null) return refuse(new ProgressError('UNAUTHENTICATED', 'Not connected yet.'));
    if (Object.keys(subscriptions).length > options.subscriptions) {
      options.offenders.tell('operations of a connection', session.viewer.subject, options.subscriptions);
      const most = `At most ${options.subscriptions} operations may be open on one connection.`;
      return refuse(new ProgressError('RATE_LIMITED', most));
    }
    const prepared = documents.prepare({ query, operationName, variables });
    if (!('document' in prepared)) {
      tellOfLimits(prepared, session.viewer.subject, options.offenders);
      return prepared.map(mask);
    }
    const contextValue: OperationContext = { session, operation: { id, prepared, connection } };
    return {
      schema,
      document: prepared.document,
      operationName: operationName ?? null,
      variableValues: variables ?? {},
      contextValue,
    };
  }

  async function openSubscription(args: ExecutionArgs) {
    const { operation, session } = args.contextValue as OperationContext;
    const { id, prepared, connection } = operation;
    try {
      const shareable = shared.share(prepared);
      if (shareable !== null) {
        // graphql-ws keeps the arguments for as long as the operation, and nobody executes them on the lane.
        Object.assign(args, { contextValue: undefined, variableValues: undefined });
        return await openFastLane({ connection, session, hub, id, shared: shareable, counters });
      }
      const opened = await subscribe(args);
      if (Symbol.asyncIterator in opened) return opened;
      return failing(mask(opened.errors?.[0] ?? new Error('A subscription gave neither events nor errors.')));
    } catch (error) {
      return failing(mask(error));
    }
  }

  return {
    // The endpoint looks at the deadline itself, with one timer for all connections.
    connectionInitWaitTimeout: 0,
    onConnect: connect,
    onSubscribe: (connected, id, payload) => {
      try {
        const accepted = accept(connected, id, payload);
        // graphql-ws keeps the payload for as long as the operation: the text of the document, once for each watcher,
        // and variables that may be many and that nobody asks for.
        Object.assign(payload, { query: '', variables: undefined });
        return accepted;
      } catch (error) {
        return refuse(error);
      }
    },
    execute: (args: ExecutionArgs) => execute(args),
    subscribe: openSubscription,
    onNext: (_connected, _id, _payload, _args, { data, errors }) =>
      errors === undefined
        ? undefined
        : { ...(data === undefined ? {} : { data }), errors: errors.map((error) => mask(error).toJSON()) },
    onError: (_connected, _id, _payload, errors) => errors.map((error) => mask(error).toJSON()),
  };
}
