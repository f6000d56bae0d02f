/** Asks for the provider above an element, and again once it is defined, where the element was upgraded first. */
import { ContextConsumer } from '@lit/context';
import type { LitElement } from 'lit';
import { closestAcross } from './language.js';
import { providerContext, type ProviderValue } from './provider-context.js';

/** The tag that providers have. */
export const PROVIDER_TAG = 'ingestion-provider';

/** The settings that came from above, and whether some may still come. */
export class ProviderRequest {
  readonly #host: LitElement;
  readonly #changed: () => void;
  readonly #consumer: ContextConsumer<typeof providerContext, LitElement>;
  #waitsFor: Element | null = null;

  constructor(host: LitElement, changed: () => void) {
    this.#host = host;
    this.#changed = changed;
    this.#consumer = new ContextConsumer(host, {
      context: providerContext,
      subscribe: true,
      callback: changed,
    });
    // not for an element that moved away; one that stays below is told again as it arrives
    host.addController({ hostDisconnected: () => void delete this.#consumer.value });
  }

  get value(): ProviderValue | undefined {
    return this.#consumer.value;
  }

  /** A provider stands above that its page has not defined yet. */
  get isPending(): boolean {
    const above = closestAcross(this.#host, `${PROVIDER_TAG}:not(:defined)`);
    if (above !== null && above !== this.#waitsFor) {
      this.#waitsFor = above;
      void customElements.whenDefined(PROVIDER_TAG).then(() => {
        this.#waitsFor = null;
        if (this.#host.isConnected) this.#consumer.hostConnected();
        this.#changed();
      });
    }
    return above !== null;
  }
}
