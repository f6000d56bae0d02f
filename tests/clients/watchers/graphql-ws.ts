/** Watches a project with graphql-ws alone. */
import type { Client } from 'graphql-ws';

export interface Progress {
  readonly id: string;
  readonly status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
  readonly progressPercent: number | null;
  readonly phases: readonly {
    readonly name: string;
    readonly status: string;
    readonly percent: number | null;
  }[];
}

/** What each message holds, whatever happened: the newest state. */
export interface WatchData {
  readonly ingestionProgress: { readonly revision: number; readonly progress: Progress | null };
}

export const WATCH = /* GraphQL */ `
  subscription Watch($projectId: ID!) {
    ingestionProgress(projectId: $projectId, follow: true) {
      revision
      progress {
        id
        status
        progressPercent
        phases {
          name
          status
          percent
        }
      }
    }
  }
`;

/** Lets a state pass that is newer than all before it: after a reconnect the first one often is not. */
export function newest(onProgress: (progress: Progress | null) => void): (data: WatchData) => void {
  let seen = -1;
  return ({ ingestionProgress: { revision, progress } }) => {
    if (revision <= seen) return;
    seen = revision;
    onProgress(progress);
  };
}

/** Returns a function that ends it. */
export function watch(
  client: Client,
  projectId: string,
  onProgress: (progress: Progress | null) => void,
  onError: (error: unknown) => void,
): () => void {
  const take = newest(onProgress);
  return client.subscribe<WatchData & Record<string, unknown>>(
    { query: WATCH, variables: { projectId } },
    {
      next: ({ data, errors }) => {
        if (data) take(data);
        else onError(errors);
      },
      // A refusal of this operation, or a close code that says: give up.
      error: onError,
      complete: () => undefined,
    },
  );
}
