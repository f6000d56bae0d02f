/** One cell of the state table as a story: the element with a static client. */
import '@ingestion-progress/widget/define';
import type { IngestionProgressElement } from '@ingestion-progress/widget';
import { SAMPLES } from './samples.js';
import { createStaticClient } from './static-client.js';
import { CONNECTIONS, titleOf, type ConnectionName, type JobName } from './state-table.js';

/** A story, as Storybook expects it. */
export interface StateStory {
  readonly name: string;
  readonly render: (args: Readonly<Record<string, unknown>>) => HTMLElement;
}

/** How long each connection has been in its state, in ms: longer than the badge shows a new connection. */
const STATE_DURATION_MS = 4000;

/** The element in one state. */
export function stateElement(job: JobName, connection: ConnectionName): IngestionProgressElement {
  const element = document.createElement('ingestion-progress');
  const client = createStaticClient({
    progress: job === 'unknown' ? null : SAMPLES[job],
    knowledge: job === 'unknown' ? 'none' : connection === 'connecting' ? 'remembered' : 'confirmed',
    connection: CONNECTIONS[connection],
    scopes: ['progress:read', 'ingestion:control'],
  });
  element.client = client;
  void element.updateComplete.then(() => {
    client.advance(STATE_DURATION_MS);
    element.requestUpdate();
  });
  return element;
}

/** The cell as a story. */
export function stateStory(job: JobName, connection: ConnectionName): StateStory {
  return {
    name: titleOf(connection),
    render: (args) => Object.assign(stateElement(job, connection), args),
  };
}
