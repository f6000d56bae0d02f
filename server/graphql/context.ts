/** Options of the resolvers, and the context of a request: its session, and a state that the transport has read already. */
import type { TokenLifetime } from '@ingestion-progress/schema/resolvers';
import type { Session } from '../auth/session.js';
import type { Viewer } from '../auth/viewer.js';
import type { Clock } from '../shared/clock.js';
import type { ProgressService } from '../ingestion/service.js';
import type { IngestionRecord } from '../progress/record.js';
import type { ListFeed } from '../list/list-feed.js';
import type { ListReader } from '../list/list-reader.js';
import type { WatchHub } from '../watch/watch-hub.js';

/** Options of the resolvers. */
export interface ResolverOptions {
  readonly service: ProgressService;
  readonly hub: WatchHub;
  readonly lists: ListFeed;
  readonly listReader: ListReader;
  readonly clock: Pick<Clock, 'now'>;
  /** What subscriptionUrl and pollUrl begin with: an http or https address without a slash at its end. */
  readonly publicUrl: () => string;
}

/** Context of an operation. */
export interface GraphqlContext {
  readonly session: Session;
  /** Read by the transport for an ETag, so that body and tag are of the same state. */
  readonly prefetched?:
    | {
        readonly projectId: string;
        readonly ingestionId: string | null;
        readonly record: IngestionRecord | null;
      }
    | undefined;
}

/** The lifetime of a viewer's token, as sent with an ack and by refreshToken. */
export function lifetimeOf(viewer: Viewer, clock: Pick<Clock, 'now'>): TokenLifetime {
  return { expiresAt: viewer.expiresAt, serverTime: clock.now(), scopes: [...viewer.scopes] };
}
