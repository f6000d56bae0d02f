/** Queries and subscriptions: arguments checked, access asked, the service and the hub called. Knows no rule and no driver. */
import { ProgressError } from '../shared/errors.js';
import type { IngestionCommand, IngestionEvent } from '@ingestion-progress/schema';
import type { QueryResolvers, Resolvers, SubscriptionResolvers } from '@ingestion-progress/schema/resolvers';
import type { Session } from '../auth/session.js';
import type { Page, PageRequest } from '../store/progress-store.js';
import { lifetimeOf } from './context.js';
import type { GraphqlContext, ResolverOptions } from './context.js';
import { createMutations } from './mutations.js';
import { safeIntScalar, timestampScalar } from './scalars.js';
import { checkIngestionId, streamCommands, streamProgress } from './watching.js';
import { toWireEvent } from './wire-event.js';

const LONGEST_CURSOR = 512;

function pageRequest(first: number, after: string | null | undefined, most: number): PageRequest {
  if (first < 1 || first > most) throw new ProgressError('BAD_USER_INPUT', `first: must be 1 to ${most}`);
  if (after !== null && after !== undefined && (after === '' || after.length > LONGEST_CURSOR)) {
    throw new ProgressError('BAD_USER_INPUT', 'after: must be the cursor of an earlier page');
  }
  return { first, after: after ?? null };
}

function connection<T>({ items, hasNextPage }: Page<T>) {
  return { edges: [...items], pageInfo: { hasNextPage, endCursor: items.at(-1)?.cursor ?? null } };
}

function createQueries({ service, clock }: ResolverOptions): QueryResolvers<GraphqlContext> {
  const canRead = (session: Session, projectId: string) => session.authorise(projectId, 'progress:read');
  return {
    progress: async (_parent, args, { session, prefetched }) => {
      await canRead(session, args.projectId);
      const ingestionId = checkIngestionId(args.ingestionId);
      const record =
        prefetched !== undefined &&
        prefetched.projectId === args.projectId &&
        prefetched.ingestionId === ingestionId
          ? prefetched.record
          : await service.read(args.projectId, ingestionId);
      return record?.progress ?? null;
    },
    ingestions: async (_parent, { projectId, first, after }, { session }) => {
      await canRead(session, projectId);
      return connection(await service.ingestions(projectId, pageRequest(first, after, 100)));
    },
    ingestionEvents: async (_parent, { projectId, ingestionId, first, after }, { session }) => {
      await canRead(session, projectId);
      checkIngestionId(ingestionId);
      return connection(
        await service.ingestionEvents(projectId, ingestionId, pageRequest(first, after, 500)),
      );
    },
    viewer: (_parent, _args, { session: { viewer } }) => ({
      subject: viewer.subject,
      ...lifetimeOf(viewer, clock),
    }),
    serverTime: () => clock.now(),
  };
}

function createSubscriptions({ service, hub }: ResolverOptions): SubscriptionResolvers<GraphqlContext> {
  return {
    ingestionProgress: {
      subscribe: (_parent: unknown, args, { session }: GraphqlContext) => streamProgress(hub, session, args),
      resolve: (event: IngestionEvent) => toWireEvent(event),
    },
    ingestionCommands: {
      subscribe: (_parent: unknown, { projectId }, { session }: GraphqlContext) =>
        streamCommands(service, session, projectId),
      resolve: (command: IngestionCommand) => command,
    },
  };
}

/** Makes all resolvers. */
export function createResolvers(options: ResolverOptions): Resolvers<GraphqlContext> {
  return {
    Query: createQueries(options),
    Mutation: createMutations(options),
    Subscription: createSubscriptions(options),
    SafeInt: safeIntScalar,
    Timestamp: timestampScalar,
  };
}
