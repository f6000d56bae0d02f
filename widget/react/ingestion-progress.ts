/**
 * `<ingestion-progress>` as a React component: sets properties and listeners by a ref, since a hydrated page, React 18 and an
 * element that is defined late would otherwise miss them. It does not define the element.
 */
import { createElement, useCallback, useEffect, useLayoutEffect, useRef, type ReactElement } from 'react';
import type { CSSProperties, ReactNode, Ref } from 'react';
import type { IngestionProgressElement } from '../element/ingestion-progress-element.js';
import type { IngestionProgressEventMap } from '../element/element-events.js';

type SettingName =
  | 'endpoint'
  | 'wsEndpoint'
  | 'projectId'
  | 'ingestionId'
  | 'token'
  | 'tokenUrl'
  | 'getToken'
  | 'client'
  | 'transport'
  | 'once'
  | 'skip'
  | 'stalledAfter'
  | 'allowRetry'
  | 'allowCancel'
  | 'label'
  | 'compact'
  | 'messages';
type Settings = {
  readonly [Name in SettingName]?: IngestionProgressElement[Name] | undefined;
};

/** Names of the listeners, and the events that they listen to. */
const EVENTS = {
  onPhaseStarted: 'ingestion-phase-started',
  onProgress: 'ingestion-progress',
  onComplete: 'ingestion-complete',
  onError: 'ingestion-error',
  onCancelled: 'ingestion-cancelled',
  onConnectionChange: 'ingestion-connection-change',
  onRetry: 'ingestion-retry',
  onCancel: 'ingestion-cancel',
  onProblemsOpen: 'ingestion-problems-open',
} as const satisfies Record<string, keyof IngestionProgressEventMap>;

type Listeners = {
  readonly [Name in keyof typeof EVENTS]?: (event: IngestionProgressEventMap[(typeof EVENTS)[Name]]) => void;
};

/** Properties of the component: those of the element, listeners, and what every HTML element has. */
export interface IngestionProgressProps extends Settings, Listeners {
  readonly id?: string | undefined;
  readonly className?: string | undefined;
  readonly style?: CSSProperties | undefined;
  readonly slot?: string | undefined;
  readonly lang?: string | undefined;
  readonly dir?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly ref?: Ref<IngestionProgressElement> | undefined;
  readonly children?: ReactNode;
}

const HTML_NAMES: readonly string[] = [
  'id',
  'className',
  'style',
  'slot',
  'lang',
  'dir',
  'hidden',
  'children',
];
const useBrowserEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect;

/**
 * Shows a project's ingestion. Import `@ingestion-progress/widget/define` once, in the browser.
 *
 * @example
 * ```tsx
 * import '@ingestion-progress/widget/define';
 * import { IngestionProgress } from '@ingestion-progress/widget/react';
 *
 * export const Bar = () => (
 *   <IngestionProgress projectId="p1" endpoint="/graphql" getToken={getToken} onComplete={console.log} />
 * );
 * ```
 */
export function IngestionProgress({ ref, ...props }: IngestionProgressProps): ReactElement {
  const element = useRef<IngestionProgressElement | null>(null);
  const given = useRef<Record<string, unknown>>({});
  const listeners = useRef<Listeners>({});
  const entries = Object.entries(props);
  useBrowserEffect(() => {
    const target = element.current as unknown as Record<string, unknown> | null;
    if (target === null) return;
    element.current?.toggleAttribute('skip', props.skip ?? false);
    const before = given.current;
    given.current = Object.fromEntries(
      entries.filter(([name]) => name !== 'skip' && !HTML_NAMES.includes(name) && !(name in EVENTS)),
    );
    for (const name of Object.keys({ ...before, ...given.current })) {
      if (before[name] !== given.current[name]) target[name] = given.current[name] ?? EMPTY[name];
    }
    listeners.current = props;
  });
  useBrowserEffect(() => {
    const stop = new AbortController();
    for (const [name, event] of Object.entries(EVENTS)) {
      const listen = (fired: Event): void => listeners.current[name as keyof Listeners]?.(fired as never);
      element.current?.addEventListener(event, listen, { signal: stop.signal });
    }
    return () => {
      stop.abort();
    };
  }, []);
  const setRef = useCallback(
    (target: IngestionProgressElement | null) => {
      element.current = target;
      if (typeof ref === 'function') ref(target);
      else if (ref) ref.current = target;
    },
    [ref],
  );
  const { className, ...html } = Object.fromEntries(entries.filter(([name]) => HTML_NAMES.includes(name)));
  // an element from the server's HTML must not connect before it has its properties
  return createElement('ingestion-progress', { ...html, class: className, skip: '', ref: setRef });
}

/** What the element has without the property. */
const EMPTY: Readonly<Record<string, unknown>> = { transport: 'auto', stalledAfter: 45, label: '' };
