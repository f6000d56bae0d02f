/** What the test pages load: makes clients by order of the test, and tells it everything that a person would see. */
import {
  createIngestionClient,
  type IngestionClient,
  type IngestionClientOptions,
} from '../../../../widget/client/index.js';

/** Options that can be sent to a page. */
export interface PageClientOptions extends Omit<
  IngestionClientOptions,
  'getToken' | 'connection' | 'onWarning'
> {
  /** Asks the test for tokens. */
  readonly asks?: boolean;
}

/** What a client shows, as the test is told of it. */
export type Told = readonly [client: number, what: 'shown' | 'event' | 'warning', value: unknown];

declare global {
  interface Window {
    /** Bound by the test. */
    tell(told: Told): void;
    /** Bound by the test. */
    fetchToken(force: boolean): Promise<string>;
    follow(options: PageClientOptions): number;
    clients: IngestionClient[];
  }
}

window.clients = [];
const getToken = ({ force }: { readonly force: boolean }): Promise<string> => window.fetchToken(force);

window.follow = ({ asks = false, ...options }) => {
  const client = createIngestionClient({ ...options, ...(asks ? { getToken } : {}) });
  const number = window.clients.push(client) - 1;
  const show = (): void => {
    const { connection, progress, knowledge } = client.getSnapshot();
    window.tell([number, 'shown', { connection, progress, knowledge }]);
  };
  for (const name of ['phase-started', 'complete', 'error', 'cancelled'] as const) {
    client.on(name, (event) => {
      const phase = 'phase' in event ? ` ${String(event.phase)}` : '';
      window.tell([number, 'event', `${name}${phase}`]);
    });
  }
  client.on('warning', (warning) => {
    window.tell([number, 'warning', warning]);
  });
  client.subscribe(show);
  show();
  return number;
};
