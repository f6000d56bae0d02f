/** A React page from a server: the element and the hook with one `getToken`, rendered to HTML, then hydrated. */
import { useState, type ReactElement } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { IngestionProgress, useIngestionSocket } from '../../../../widget/react/index.js';

declare global {
  interface Window {
    hydrate(options: HydratedPageOptions): Promise<void>;
    rerender(): void;
    heard: string[];
    rendered: string;
  }
}

/** Options of the page. */
export interface HydratedPageOptions {
  readonly endpoint: string;
  readonly token: string;
  readonly projectId: string;
  /** When the element is defined. */
  readonly define: 'before' | 'after';
}

window.heard = [];

function App({ endpoint, token, projectId }: HydratedPageOptions): ReactElement {
  const [count, setCount] = useState(0);
  window.rerender = () => {
    setCount((value) => value + 1);
  };
  const getToken = (): string => token; // a new one for each render
  const { connectionState } = useIngestionSocket(projectId, { endpoint, getToken, follow: true });
  return (
    <main>
      <p>
        {connectionState} {count}
      </p>
      <IngestionProgress
        className="bar"
        endpoint={endpoint}
        projectId={projectId}
        getToken={getToken}
        messages={{ running: 'Under way' }}
        onConnectionChange={({ detail }) => window.heard.push(detail.error?.code ?? detail.connection.state)}
      />
    </main>
  );
}

const define = (): Promise<unknown> => import('../../../../widget/define.js');

window.hydrate = async (options) => {
  const root = document.body.appendChild(document.createElement('div'));
  root.innerHTML = window.rendered = renderToString(<App {...options} />);
  if (options.define === 'before') await define();
  await new Promise(requestAnimationFrame); // the element lives before React has hydrated it
  hydrateRoot(root, <App {...options} />);
  if (options.define === 'after') await define();
};
