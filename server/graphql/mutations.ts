/** Mutations: reports of jobs elsewhere, requests of people, and the fresh token of an open connection. */
import type { MutationResolvers } from '@ingestion-progress/schema/resolvers';
import type { Report } from '../ingestion/service.js';
import { lifetimeOf } from './context.js';
import type { GraphqlContext, ResolverOptions } from './context.js';
import { checkIngestionId } from './watching.js';

/** Makes the mutations; what a report says is checked by the service. */
export function createMutations({
  service,
  clock,
  publicUrl,
}: ResolverOptions): MutationResolvers<GraphqlContext> {
  async function report({ session }: GraphqlContext, kind: Report) {
    await session.authoriseReport(kind.report.projectId);
    return service.report(kind, session.origin.requestId);
  }

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
    await session.authorise(projectId, 'ingestion:control');
    checkIngestionId(ingestionId);
    const requestedBy = session.viewer.subject;
    return service.requestCommand({ kind, projectId, ingestionId, fromPhase, requestedBy });
  }

  return {
    startIngestion: async (_parent, { input }, { session }) => {
      await session.authoriseReport(input.projectId);
      const outcome = await service.start(input, 'elsewhere', session.origin.requestId);
      const base = publicUrl();
      return {
        ...outcome,
        subscriptionUrl: `${base.replace(/^http/, 'ws')}/graphql`,
        pollUrl: `${base}/api/projects/${encodeURIComponent(input.projectId)}/progress`,
      };
    },
    reportPhaseStarted: (_parent, { input }, context) =>
      report(context, { type: 'phase_started', report: input }),
    reportProgress: (_parent, { input }, context) =>
      report(context, { type: 'progress_update', report: input }),
    completeIngestion: (_parent, { input }, context) =>
      report(context, { type: 'ingestion_complete', report: input }),
    failIngestion: (_parent, { input }, context) => report(context, { type: 'error', report: input }),
    confirmCancelled: (_parent, { input }, context) => report(context, { type: 'cancelled', report: input }),
    acknowledgeCommand: async (_parent, { input }, { session }) => {
      await session.authoriseReport(input.projectId);
      return service.acknowledgeCommand({ ...input, reason: input.reason ?? null });
    },
    retryIngestion: (_parent, args, context) => command(context, 'RETRY', args),
    cancelIngestion: (_parent, args, context) => command(context, 'CANCEL', args),
    refreshToken: async (_parent, { token }, { session }) => lifetimeOf(await session.refresh(token), clock),
  };
}
