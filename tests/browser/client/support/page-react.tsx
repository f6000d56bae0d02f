/** A small React application over the hook, under StrictMode, moved by the test. */
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
    /** Lets go on what `suspends` holds up. */
    release(): void;
    told: string[];
    /** Gives the first `count` of the hooks that have no provider another function. */
    giveAnother(count: number): void;
    /** Which functions were asked for a token. */
    asked: string[];
  }
}

/** Where the application's provider leads, and how many hooks it has. */
export interface ReactPageOptions {
  readonly endpoint: string;
  readonly token: string;
  readonly projectId: string;
  readonly copies?: number;
  readonly follow?: boolean;
  /** Rendering a project is given up, and begun again once it is released. */
  readonly suspends?: boolean;
  /** No provider: each hook has a `getToken` of its own, the page's one or a new one at each render. */
  readonly alone?: 'same' | 'new';
}

window.told = [];
window.asked = [];
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
      onComplete: ({ outcome }) => window.told.push(`complete ${outcome}`),
      onError: ({ errorCode }) => window.told.push(`error ${errorCode}`),
      onConnectionError: ({ code }) => window.told.push(`connection ${code}`),
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
  alone,
  ...first
}: ReactPageOptions): ReactElement {
  const [projectId, setProjectId] = useState(first.projectId);
  const [, setCount] = useState(0);
  const [others, setOthers] = useState(0);
  const [[one, another]] = useState(() =>
    ['one', 'another'].map((name) => () => {
      window.asked.push(name);
      return token;
    }),
  );
  window.giveAnother = setOthers;
  window.showProject = (id) => {
    startTransition(() => {
      setProjectId(id);
    });
  };
  window.rerender = () => {
    setCount((count) => count + 1);
  };
  const ownOf = (index: number): IngestionDefaults => {
    if (alone === undefined) return {};
    return { endpoint, getToken: alone === 'new' ? () => token : index < others ? another : one };
  };
  const provided = alone === undefined ? { endpoint, getToken: () => token } : {};
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
