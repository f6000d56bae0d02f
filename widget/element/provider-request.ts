/** Requests the context from the provider above an element, and again once the provider is defined. */
import { ContextConsumer } from '@lit/context';
import type { LitElement } from 'lit';
import { closestAcross } from './language.js';
import { providerContext, type ProviderValue } from './provider-context.js';

/** The tag that providers have. */
export const PROVIDER_TAG = 'ingestion-provider';

/** The settings of the provider, and whether they may still arrive. */
export class ProviderRequest {
  readonly #host: LitElement;
  readonly #changed: () => void;
  readonly #consumer: ContextConsumer<typeof providerContext, LitElement>;
  #pendingProvider: Element | null = null;

  constructor(host: LitElement, changed: () => void) {
    this.#host = host;
    this.#changed = changed;
    this.#consumer = new ContextConsumer(host, {
      context: providerContext,
      subscribe: true,
      callback: changed,
    });
    // forget them when the element moves; below a provider it receives them again when it is connected
    host.addController({ hostDisconnected: () => void delete this.#consumer.value });
  }

  get value(): ProviderValue | undefined {
    return this.#consumer.value;
  }

  /** There is a provider above that is not defined yet. */
  get isPending(): boolean {
    const provider = closestAcross(this.#host, `${PROVIDER_TAG}:not(:defined)`);
    if (provider !== null && provider !== this.#pendingProvider) {
      this.#pendingProvider = provider;
      void customElements.whenDefined(PROVIDER_TAG).then(() => {
        this.#pendingProvider = null;
        if (this.#host.isConnected) this.#consumer.hostConnected();
        this.#changed();
      });
    }
    return provider !== null;
  }
}
