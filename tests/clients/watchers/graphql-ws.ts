/** Watches a project with graphql-ws. */
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

/** The data of every message: the newest state. */
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

/** Passes on only states that are newer than all before: after a reconnect, the first one often is not. */
export function newest(onProgress: (progress: Progress | null) => void): (data: WatchData) => void {
  let newestRevision = -1;
  return ({ ingestionProgress: { revision, progress } }) => {
    if (revision <= newestRevision) return;
    newestRevision = revision;
    onProgress(progress);
  };
}

/** Returns a function that stops watching. */
export function watch(
  client: Client,
  projectId: string,
  onProgress: (progress: Progress | null) => void,
  onError: (error: unknown) => void,
): () => void {
  const onData = newest(onProgress);
  return client.subscribe<WatchData & Record<string, unknown>>(
    { query: WATCH, variables: { projectId } },
    {
      next: ({ data, errors }) => {
        if (data) onData(data);
        else onError(errors);
      },
      // A rejection of this operation, or a close code that means: give up.
      error: onError,
      complete: () => undefined,
    },
  );
}
