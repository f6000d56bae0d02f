/** `<ingestion-provider>`: endpoint, token, messages and shared clients for every `<ingestion-progress>` below it. */
import { ContextProvider } from '@lit/context';
import { css, html, LitElement, type TemplateResult } from 'lit';
import type { GetToken, TransportChoice } from '../client/index.js';
import { providerContext, type ProviderValue } from './provider-context.js';
import type { PartialMessages } from './translator.js';

/**
 * Gives its settings to the elements below it; an element's own settings go before them.
 *
 * @slot - The page, or the part of it that shares these settings.
 */
export class IngestionProviderElement extends LitElement {
  /** @internal */
  static override styles = css`
    :host {
      display: contents;
    }
  `;

  static override properties = {
    endpoint: {},
    wsEndpoint: { attribute: 'ws-endpoint' },
    token: {},
    transport: {},
    getToken: { attribute: false },
    messages: { attribute: false },
  };

  /** GraphQL address; `/graphql` on the page's origin where it is not given. */
  endpoint: string | undefined;
  /** WebSocket address; by default `endpoint` with ws: or wss:. */
  wsEndpoint: string | undefined;
  /** A token; `getToken` is better. Never reflected. */
  token: string | undefined;
  /** `auto`, `websocket` or `polling`. */
  transport: TransportChoice | undefined;
  /** Gives a token, and a fresh one when asked again; may be async. */
  getToken: GetToken | undefined;
  /** Sentences of the host's own. */
  messages: PartialMessages | null = null;

  /** Not a private field: Lit asks for an update before those of this class exist. */
  private provided: ContextProvider<typeof providerContext, this> | undefined;

  constructor() {
    super();
    this.provided = new ContextProvider(this, { context: providerContext, initialValue: this.#settings() });
  }

  /** Told at once: elements below bind their clients without waiting for a render. */
  override requestUpdate(...change: Parameters<LitElement['requestUpdate']>): void {
    super.requestUpdate(...change);
    if (change[0] !== undefined) this.provided?.setValue(this.#settings());
  }

  protected override render(): TemplateResult {
    return html`<slot></slot>`;
  }

  #settings(): ProviderValue {
    const { endpoint, wsEndpoint, token, getToken, transport, messages } = this;
    return { endpoint, wsEndpoint, token, getToken, transport, messages };
  }
}
