/** A small React app that uses the hook, under StrictMode, controlled by the test. */
import { StrictMode, Suspense, startTransition, use, useState, type ReactElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import {
  IngestionProvider,
  useIngestionSocket,
  type IngestionDefaults,
} from '../../../../widget/react/index.js';

declare global {
  interface Window {
    mount(options: ReactPageOptions): void;
    unmount(): void;
    showProject(projectId: string): void;
    rerender(): void;
    /** Resumes what `suspends` holds up. */
    release(): void;
    reported: string[];
    /** Gives another function to the first `count` hooks without a provider. */
    changeGetToken(count: number): void;
    /** Names of the functions that were called for a token. */
    requestedTokens: string[];
  }
}

/** Options of the provider and the hooks. */
export interface ReactPageOptions {
  readonly endpoint: string;
  readonly token: string;
  readonly projectId: string;
  readonly copies?: number;
  readonly follow?: boolean;
  /** Rendering a project suspends until it is released. */
  readonly suspends?: boolean;
  /** Without a provider: each hook has its own `getToken`, the page's one or a new one for each render. */
  readonly standalone?: 'same' | 'new';
}

window.reported = [];
window.requestedTokens = [];
let root: Root | null = null;
const released = new Promise<void>((resolve) => {
  window.release = resolve;
});

function Project({
  projectId,
  follow,
  suspends,
  own,
}: {
  readonly projectId: string;
  readonly follow: boolean;
  readonly suspends: boolean;
  readonly own: IngestionDefaults;
}): ReactElement {
  const { connectionState, progress, currentPhase, state, result, connectionError } = useIngestionSocket(
    projectId,
    {
      ...own,
      follow,
      onComplete: ({ outcome }) => window.reported.push(`complete ${outcome}`),
      onError: ({ errorCode }) => window.reported.push(`error ${errorCode}`),
      onConnectionError: ({ code }) => window.reported.push(`connection ${code}`),
    },
  );
  if (suspends) use(released);
  const text = [
    state?.projectId ?? '-',
    connectionState,
    currentPhase ?? '-',
    progress[1] ?? '-',
    result?.outcome ?? '-',
  ];
  return <p>{[...text, connectionError?.code ?? '-'].join(' ')}</p>;
}

function App({
  endpoint,
  token,
  copies = 1,
  follow = true,
  suspends = false,
  standalone,
  ...first
}: ReactPageOptions): ReactElement {
  const [projectId, setProjectId] = useState(first.projectId);
  const [, setCount] = useState(0);
  const [others, setOthers] = useState(0);
  const [[one, another]] = useState(() =>
    ['one', 'another'].map((name) => () => {
      window.requestedTokens.push(name);
      return token;
    }),
  );
  window.changeGetToken = setOthers;
  window.showProject = (id) => {
    startTransition(() => {
      setProjectId(id);
    });
  };
  window.rerender = () => {
    setCount((count) => count + 1);
  };
  const ownOf = (index: number): IngestionDefaults => {
    if (standalone === undefined) return {};
    return { endpoint, getToken: standalone === 'new' ? () => token : index < others ? another : one };
  };
  const provided = standalone === undefined ? { endpoint, getToken: () => token } : {};
  return (
    // A new function each time, as hosts write it.
    <IngestionProvider {...provided}>
      <Suspense fallback={<p>waiting</p>}>
        {Array.from({ length: copies }, (_, index) => (
          <Project key={index} own={ownOf(index)} projectId={projectId} follow={follow} suspends={suspends} />
        ))}
      </Suspense>
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
