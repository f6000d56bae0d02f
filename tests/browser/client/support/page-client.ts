/** The script of the test pages: makes clients for the test, and reports all that a user would see. */
import {
  createIngestionClient,
  type IngestionClient,
  type IngestionClientOptions,
} from '../../../../widget/client/index.js';

/** Options that can be serialized for a page. */
export interface PageClientOptions extends Omit<
  IngestionClientOptions,
  'getToken' | 'connection' | 'onWarning'
> {
  /** Requests tokens from the test. */
  readonly requestsToken?: boolean;
}

/** A message to the test about what a client shows. */
export type PageMessage = readonly [client: number, what: 'shown' | 'event' | 'warning', value: unknown];

declare global {
  interface Window {
    /** Bound by the test. */
    report(message: PageMessage): void;
    /** Bound by the test. */
    fetchToken(force: boolean): Promise<string>;
    follow(options: PageClientOptions): number;
    clients: IngestionClient[];
  }
}

window.clients = [];
const getToken = ({ force }: { readonly force: boolean }): Promise<string> => window.fetchToken(force);

window.follow = ({ requestsToken = false, ...options }) => {
  const client = createIngestionClient({ ...options, ...(requestsToken ? { getToken } : {}) });
  const number = window.clients.push(client) - 1;
  const show = (): void => {
    const { connection, progress, knowledge } = client.getSnapshot();
    window.report([number, 'shown', { connection, progress, knowledge }]);
  };
  for (const name of ['phase-started', 'complete', 'error', 'cancelled'] as const) {
    client.on(name, (event) => {
      const phase = 'phase' in event ? ` ${String(event.phase)}` : '';
      window.report([number, 'event', `${name}${phase}`]);
    });
  }
  client.on('warning', (warning) => {
    window.report([number, 'warning', warning]);
  });
  client.subscribe(show);
  show();
  return number;
};
