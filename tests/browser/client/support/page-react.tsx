/** A small React application over the hook, under StrictMode, moved by the test. */
import { StrictMode, useState, type ReactElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { IngestionProvider, useIngestionSocket } from '../../../../widget/react/index.js';

declare global {
  interface Window {
    mount(options: ReactPageOptions): void;
    unmount(): void;
    showProject(projectId: string): void;
    rerender(): void;
    told: string[];
  }
}

/** Where the application's provider leads, and how many hooks it has. */
export interface ReactPageOptions {
  readonly endpoint: string;
  readonly token: string;
  readonly projectId: string;
  readonly copies?: number;
  readonly follow?: boolean;
}

window.told = [];
let root: Root | null = null;

function Project({
  projectId,
  follow,
}: {
  readonly projectId: string;
  readonly follow: boolean;
}): ReactElement {
  const { connectionState, progress, currentPhase, state, result, connectionError } = useIngestionSocket(
    projectId,
    {
      follow,
      onComplete: ({ outcome }) => window.told.push(`complete ${outcome}`),
      onError: ({ errorCode }) => window.told.push(`error ${errorCode}`),
      onConnectionError: ({ code }) => window.told.push(`connection ${code}`),
    },
  );
  const text = [
    state?.projectId ?? '-',
    connectionState,
    currentPhase ?? '-',
    progress[1] ?? '-',
    result?.outcome ?? '-',
  ];
  return <p>{[...text, connectionError?.code ?? '-'].join(' ')}</p>;
}

function App({ endpoint, token, copies = 1, follow = true, ...first }: ReactPageOptions): ReactElement {
  const [projectId, setProjectId] = useState(first.projectId);
  const [, setCount] = useState(0);
  window.showProject = setProjectId;
  window.rerender = () => {
    setCount((count) => count + 1);
  };
  return (
    // A new function each time, as hosts write it.
    <IngestionProvider endpoint={endpoint} getToken={() => token}>
      {Array.from({ length: copies }, (_, index) => (
        <Project key={index} projectId={projectId} follow={follow} />
      ))}
    </IngestionProvider>
  );
}

window.mount = (options) => {
  root = createRoot(document.body.appendChild(document.createElement('main')));
  root.render(
    <StrictMode>
      <App {...options} />
    </StrictMode>,
  );
};
window.unmount = () => {
  root?.unmount();
};
