/** A React app: the element, and the hook for a display of its own. */
import type { IngestionProgressEventMap } from '@ingestion-progress/widget';
import { IngestionProvider, useIngestionSocket } from '@ingestion-progress/widget/react';
import { useState } from 'react';

/** The configuration from the page's server. */
export interface Config {
  readonly endpoint: string;
  readonly projectId: string;
}

const getToken = async (): Promise<string> => (await fetch('token', { method: 'POST' })).text();

/** The whole app. */
export function App({ config }: { readonly config: Config }) {
  const [isShown, setShown] = useState(true);
  const [outcome, setOutcome] = useState('none yet');
  const onComplete = ({ detail }: IngestionProgressEventMap['ingestion-complete']): void =>
    setOutcome(`${detail.result.outcome}, ${detail.result.itemsProcessed ?? 'some'} items`);
  const onError = ({ detail }: IngestionProgressEventMap['ingestion-error']): void =>
    setOutcome(detail.error.message);
  return (
    <>
      <h1>Imports</h1>
      <button type="button" onClick={() => setShown(!isShown)}>
        {isShown ? 'Hide' : 'Show'}
      </button>
      {isShown && (
        <>
          <ingestion-progress
            label="Library"
            endpoint={config.endpoint}
            project-id={config.projectId}
            getToken={getToken}
            oningestion-complete={onComplete}
            oningestion-error={onError}
          />
          <IngestionProvider endpoint={config.endpoint} getToken={getToken}>
            <Line projectId={config.projectId} />
          </IngestionProvider>
        </>
      )}
      <p>
        Result: <output>{outcome}</output>
      </p>
    </>
  );
}

/** One line, rendered by the app itself. */
function Line({ projectId }: { readonly projectId: string }) {
  const { state, connectionState } = useIngestionSocket(projectId, { follow: true });
  const percent = state?.progressPercent ?? null;
  return (
    <p>
      With the hook: <span id="hook">{percent === null ? 'unknown' : `${Math.round(percent)}%`}</span>,{' '}
      {connectionState}
    </p>
  );
}
