/** The resolvers: check arguments and access, then call the service and the hub. Know no rule and no driver. */
import { LIMITS } from '@ingestion-progress/schema';
import type { IngestionCommand, IngestionEvent } from '@ingestion-progress/schema';
import type {
  MutationResolvers,
  QueryIngestionsArgs,
  QueryResolvers,
  Resolvers,
  SubscriptionResolvers,
} from '@ingestion-progress/schema/resolvers';
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import type { Session } from '../auth/session.js';
import {
  cursorOf,
  decodePosition,
  encodePosition,
  parseFilter,
  type ListFilter,
} from '../list/list-filter.js';
import { MAX_ROWS, type ListMessage } from '../list/list-view.js';
import { ProgressError } from '../shared/errors.js';
import type { Report, ReportOutcome } from '../ingestion/service.js';
import type { Page, PageRequest } from '../store/progress-store.js';
import { lifetimeOf } from './context.js';
import type { GraphqlContext, ResolverOptions } from './context.js';
import { checkFirst, streamList } from './authorized-list.js';
import { checkIngestionId, streamCommands, streamProgress } from './authorized-subscription.js';
import { heldDocumentOf } from './documents.js';
import { toGraphqlEvent } from './shared-execution.js';

const MAX_CURSOR_LENGTH = 2_048;

function pageRequest(first: number, after: string | null | undefined, max: number): PageRequest {
  checkFirst(first, max);
  if (after !== null && after !== undefined && (after === '' || after.length > MAX_CURSOR_LENGTH)) {
    throw new ProgressError('BAD_USER_INPUT', 'after: must be the cursor of an earlier page');
  }
  return { first, after: after ?? null };
}

function connection<T>({ items, hasNextPage }: Page<T>) {
  return { edges: [...items], pageInfo: { hasNextPage, endCursor: items.at(-1)?.cursor ?? null } };
}

/** The filter of a list; `projectId` is short for one project. */
function filterOf(projectId: string | null | undefined, filter: QueryIngestionsArgs['filter']): ListFilter {
  if (typeof projectId !== 'string') return parseFilter(filter);
  if (filter?.projectIds !== null && filter?.projectIds !== undefined)
    throw new ProgressError('BAD_USER_INPUT', 'projectId: not beside filter.projectIds');
  return parseFilter({ ...filter, projectIds: [projectId] });
}

function createQueries({ service, listReader, clock }: ResolverOptions): QueryResolvers<GraphqlContext> {
  async function listPage(session: Session, filter: ListFilter, { first, after }: PageRequest) {
    const from = after === null ? null : decodePosition(filter, after);
    const access = await session.authorizeList(filter.projectIds);
    const { records, next } = await listReader.page(filter, access, first, from);
    const edges = records.map(({ progress }) => ({ cursor: cursorOf(filter, progress), node: progress }));
    const endCursor = next === null ? (edges.at(-1)?.cursor ?? null) : encodePosition(filter, next);
    return { edges, pageInfo: { hasNextPage: next !== null, endCursor } };
  }

  const canRead = (session: Session, projectId: string) => session.authorize(projectId, 'progress:read');
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
    ingestions: async (_parent, { projectId, filter, first, after }, { session }) => {
      if (typeof projectId !== 'string' || (filter !== null && filter !== undefined)) {
        return listPage(session, filterOf(projectId, filter), pageRequest(first, after, MAX_ROWS));
      }
      await canRead(session, projectId);
      return connection(await service.ingestions(projectId, pageRequest(first, after, MAX_ROWS)));
    },
    ingestionEvents: async (_parent, { projectId, ingestionId, first, after }, { session }) => {
      await canRead(session, projectId);
      checkIngestionId(ingestionId);
      return connection(
        await service.ingestionEvents(projectId, ingestionId, pageRequest(first, after, 500)),
      );
    },
    ingestionProblems: async (_parent, { projectId, ingestionId, first, after, ...filter }, { session }) => {
      await canRead(session, projectId);
      checkIngestionId(ingestionId);
      const { severity = null, code = null, attempt = null } = filter;
      if (attempt !== null && attempt < 1)
        throw new ProgressError('BAD_USER_INPUT', 'attempt: must be 1 or more');
      const page = pageRequest(first, after, 500);
      return connection(
        await service.ingestionProblems(projectId, ingestionId, { severity, code, attempt }, page),
      );
    },
    viewer: (_parent, _args, { session: { viewer } }) => ({
      subject: viewer.subject,
      ...lifetimeOf(viewer, clock),
    }),
    serverTime: () => clock.now(),
  };
}

/** Reports are validated by the service. */
function createMutations({ service, clock, publicUrl }: ResolverOptions): MutationResolvers<GraphqlContext> {
  async function report({ session }: GraphqlContext, kind: Report) {
    await session.authorizeReport(kind.report.projectId);
    return answer(await service.report(kind, session.source.requestId));
  }

  const answer = ({ adjustments, ...outcome }: ReportOutcome) => ({
    ...outcome,
    adjustments: [...adjustments],
  });

  async function command(
    { session }: GraphqlContext,
    kind: 'RETRY' | 'CANCEL',
    args: {
      readonly projectId: string;
      readonly ingestionId: string;
      readonly fromPhase?: number | null | undefined;
    },
  ) {
    const { projectId, ingestionId, fromPhase = null } = args;
    await session.authorizeCommand(projectId, 'ingestion:control');
    checkIngestionId(ingestionId);
    const requestedBy = session.viewer.subject;
    return service.requestCommand({ kind, projectId, ingestionId, fromPhase, requestedBy });
  }

  return {
    startIngestion: async (_parent, { input }, { session }) => {
      await session.authorizeReport(input.projectId);
      const outcome = await service.start(input, 'elsewhere', session.source.requestId);
      const base = publicUrl();
      return {
        ...outcome,
        subscriptionUrl: `${base.replace(/^http/, 'ws')}/graphql`,
        pollUrl: `${base}/api/projects/${encodeURIComponent(input.projectId)}/progress`,
      };
    },
    reportPhaseStarted: (_parent, { input }, context) =>
      report(context, { type: 'phase_started', report: input }),
    reportPhaseCompleted: (_parent, { input }, context) =>
      report(context, { type: 'phase_completed', report: input }),
    reportHeartbeat: (_parent, { input }, context) => report(context, { type: 'heartbeat', report: input }),
    reportWaiting: (_parent, { input }, context) => report(context, { type: 'waiting', report: input }),
    pauseIngestion: (_parent, { input }, context) => report(context, { type: 'pause', report: input }),
    resumeIngestion: (_parent, { input }, context) => report(context, { type: 'resume', report: input }),
    flushReports: async (_parent, { input: { projectId, ingestionId } }, { session }) => {
      await session.authorizeReport(projectId);
      checkIngestionId(ingestionId);
      return answer(await service.flushReports(projectId, ingestionId));
    },
    reportProgress: (_parent, { input }, context) =>
      report(context, { type: 'progress_update', report: input }),
    reportProblems: (_parent, { input }, context) => report(context, { type: 'problems', report: input }),
    completeIngestion: (_parent, { input }, context) =>
      report(context, { type: 'ingestion_complete', report: input }),
    failIngestion: (_parent, { input }, context) => report(context, { type: 'error', report: input }),
    confirmCancelled: (_parent, { input }, context) => report(context, { type: 'cancelled', report: input }),
    acknowledgeCommand: async (_parent, { input }, { session }) => {
      await session.authorizeCommand(input.projectId, 'progress:write');
      return service.acknowledgeCommand({ ...input, reason: input.reason ?? null });
    },
    retryIngestion: (_parent, args, context) => command(context, 'RETRY', args),
    cancelIngestion: (_parent, args, context) => command(context, 'CANCEL', args),
    refreshToken: async (_parent, { token }, { session }) => lifetimeOf(await session.refresh(token), clock),
  };
}

function createSubscriptions({
  service,
  hub,
  lists,
}: ResolverOptions): SubscriptionResolvers<GraphqlContext> {
  return {
    ingestionProgress: {
      subscribe: (_parent: unknown, args, { session }: GraphqlContext, { operation }) =>
        streamProgress(hub, session, args, heldDocumentOf(operation)),
      resolve: (event: IngestionEvent) => toGraphqlEvent(event),
    },
    ingestions: {
      subscribe: (_parent: unknown, args, { session }: GraphqlContext, { operation }) =>
        streamList(lists, session, args, heldDocumentOf(operation)),
      resolve: (message: ListMessage) => message,
    },
    ingestionCommands: {
      subscribe: (_parent: unknown, { projectId }, { session }: GraphqlContext, { operation }) =>
        streamCommands(service, session, projectId, heldDocumentOf(operation)),
      resolve: (command: IngestionCommand) => command,
    },
  };
}

function integer(name: string, min: number, max: number): GraphQLScalarType<number, number> {
  const check = (value: unknown): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new GraphQLError(`${name} must be a whole number from ${min} to ${max}.`);
  };
  return new GraphQLScalarType({
    name,
    serialize: check,
    parseValue: check,
    parseLiteral: (node) => check(node.kind === Kind.INT ? Number(node.value) : null),
  });
}

/** An integer that JavaScript holds exactly. */
const safeIntScalar = integer('SafeInt', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

/** Milliseconds since the Unix epoch. */
const timestampScalar = integer('Timestamp', 0, LIMITS.timestampMost);

/** Creates all resolvers. */
export function createResolvers(options: ResolverOptions): Resolvers<GraphqlContext> {
  return {
    Query: createQueries(options),
    Mutation: createMutations(options),
    Subscription: createSubscriptions(options),
    SafeInt: safeIntScalar,
    Timestamp: timestampScalar,
  };
}
