/** Mounts the element with a static client or one of the test, and removes it afterwards. */
import '@ingestion-progress/widget/define';
import type { IngestionProgressElement } from '@ingestion-progress/widget';
import type { Progress } from '@ingestion-progress/widget/client';
import { SAMPLES, type SampleName } from '../../../../storybook/samples.js';
import {
  createStaticClient,
  type StaticClient,
  type StaticClientOptions,
} from '../../../../storybook/static-client.js';

/** An element on the page, and the client it follows. */
export interface Mounted {
  readonly element: IngestionProgressElement;
  readonly client: StaticClient;
  /** Waits until changes are rendered. */
  settled(): Promise<void>;
  part(name: string): HTMLElement | null;
  parts(name: string): HTMLElement[];
  text(name: string): string;
}

const mounted = new Set<Element>();

afterEach(() => {
  for (const element of mounted) element.remove();
  mounted.clear();
  document.documentElement.removeAttribute('lang');
  document.documentElement.removeAttribute('dir');
});

/** Settings of the element, in addition to those of its client. */
export interface MountOptions extends StaticClientOptions {
  readonly sample?: SampleName;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly parent?: Element | ShadowRoot;
}

/** The element with a static client, rendered. */
export async function mount(options: MountOptions = {}): Promise<Mounted> {
  const { sample, attributes = {}, parent = document.body, ...rest } = options;
  const progress: Progress | null = sample === undefined ? (options.progress ?? null) : SAMPLES[sample];
  const client = createStaticClient({ ...rest, progress });
  const element = document.createElement('ingestion-progress');
  element.client = client;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  mounted.add(element);
  const found = wrap(element, client);
  await found.settled();
  return found;
}

/** Removes an element of the test afterwards. */
export function cleanUp<E extends Element>(element: E): E {
  mounted.add(element);
  return element;
}

/** Reads an element by its parts, as a page's styles do. */
export function wrap(element: IngestionProgressElement, client: StaticClient): Mounted {
  const parts = (name: string): HTMLElement[] => [
    ...(element.shadowRoot?.querySelectorAll<HTMLElement>(`[part~="${name}"]`) ?? []),
  ];
  return {
    element,
    client,
    settled: () => settled(element),
    parts,
    part: (name) => parts(name)[0] ?? null,
    text: (name) => (parts(name)[0]?.textContent ?? '').trim().replace(/\s+/g, ' '),
  };
}

/** A client is bound a microtask after a change, and rendered after that. */
export async function settled(element: IngestionProgressElement): Promise<void> {
  await Promise.resolve();
  await Promise.resolve();
  do await element.updateComplete;
  while (element.isUpdatePending);
}
