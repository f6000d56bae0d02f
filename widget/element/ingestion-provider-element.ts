/** `<ingestion-provider>`: endpoint, token and messages for all `<ingestion-progress>` elements below it. */
import { ContextProvider } from '@lit/context';
import { css, html, LitElement, type TemplateResult } from 'lit';
import { releaseGetToken, stableGetToken, type GetToken, type TransportChoice } from '../client/index.js';
import { adoptStyles } from './adopted-styles.js';
import { providerContext, type ProviderValue } from './provider-context.js';
import type { PartialMessages } from './translator.js';

/**
 * Provides settings to the elements below it; an element's own settings take precedence.
 *
 * @slot - The content that shares these settings.
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
    tokenUrl: { attribute: 'token-url' },
    getToken: { attribute: false },
    messages: { attribute: false },
  };

  /** GraphQL URL; `/graphql` on the page's origin by default. */
  endpoint: string | undefined;
  /** WebSocket URL; `endpoint` with ws: or wss: by default. */
  wsEndpoint: string | undefined;
  /** A token; prefer `getToken`. Never reflected. */
  token: string | undefined;
  /** `auto`, `websocket` or `polling`. */
  transport: TransportChoice | undefined;
  /** URL on which the host answers with a token, as text or as `{"token": "…"}`; for pages without a script. */
  tokenUrl: string | undefined;
  /** Returns a token, or a new one if `force` is set; may be async. */
  getToken: GetToken | undefined;
  /** Messages that replace those of the element's language. */
  messages: PartialMessages | null = null;

  /** Not a private field: Lit requests an update before the private fields of this class exist. */
  private provided: ContextProvider<typeof providerContext, this> | undefined;

  constructor() {
    super();
    this.provided = new ContextProvider(this, { context: providerContext, initialValue: this.#settings() });
  }

  /** Provides new values at once, so that elements below bind their clients without waiting for a render. */
  override requestUpdate(...change: Parameters<LitElement['requestUpdate']>): void {
    super.requestUpdate(...change);
    if (change[0] !== undefined) this.provided?.setValue(this.#settings());
  }

  /** @internal */
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    releaseGetToken(this);
  }

  /** @internal */
  adoptedCallback(): void {
    adoptStyles(this);
  }

  protected override render(): TemplateResult {
    return html`<slot></slot>`;
  }

  #settings(): ProviderValue {
    const { endpoint, wsEndpoint, token, tokenUrl, transport, messages } = this;
    const readGetToken = (): GetToken | undefined => stableGetToken(this) ?? this.getToken;
    return {
      endpoint,
      wsEndpoint,
      token,
      tokenUrl,
      // read when an element binds, by which time all providers that change together have their new functions
      get getToken() {
        return readGetToken();
      },
      transport,
      messages,
    };
  }
}
