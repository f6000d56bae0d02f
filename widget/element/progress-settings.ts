/** Attributes and properties of `<ingestion-progress>`, with units and defaults. No behaviour. */
import { LitElement } from 'lit';
import type { GetToken, IngestionClient, TransportChoice } from '../client/index.js';
import type { PartialMessages } from './translator.js';

/** Base class with the settings of the element. */
export abstract class ProgressSettings extends LitElement {
  static override properties = {
    endpoint: {},
    wsEndpoint: { attribute: 'ws-endpoint' },
    projectId: { attribute: 'project-id' },
    ingestionId: { attribute: 'ingestion-id' },
    token: {},
    transport: { reflect: true, useDefault: true },
    once: { type: Boolean },
    skip: { type: Boolean },
    stalledAfter: { type: Number, attribute: 'stalled-after', useDefault: true },
    allowRetry: { type: Boolean, attribute: 'allow-retry' },
    allowCancel: { type: Boolean, attribute: 'allow-cancel' },
    label: { useDefault: true },
    compact: { type: Boolean, reflect: true },
    tokenUrl: { attribute: 'token-url' },
    getToken: { attribute: false },
    client: { attribute: false },
    messages: { attribute: false },
  };

  /** GraphQL URL; `/graphql` on the page's origin by default. */
  endpoint: string | undefined;
  /** WebSocket URL; `endpoint` with ws: or wss: by default. */
  wsEndpoint: string | undefined;
  /** The project to follow. */
  projectId: string | undefined;
  /** Follow this ingestion and those that retry it; without it, the project's latest. */
  ingestionId: string | undefined;
  /** A token that does not expire while the page is open; prefer `getToken`. Never reflected. */
  token: string | undefined;
  /** `auto`, `websocket` or `polling`. */
  transport: TransportChoice = 'auto';
  /** Stop after the current ingestion instead of following the project's next ones. */
  once = false;
  /** Connect to nothing, and show that progress is loading: for a host that does not know the project or the token yet. */
  skip = false;
  /** Seconds without an update after which a running job is shown as stalled. */
  stalledAfter = 45;
  /** Show Retry even if the token lacks the scope; the host handles `ingestion-retry`. */
  allowRetry = false;
  /** Show Cancel even if the token lacks the scope; the host handles `ingestion-cancel`. */
  allowCancel = false;
  /** Heading, and accessible name of the progress bar. */
  label = '';
  /** One line of 24 px, for table rows. */
  compact = false;
  /** URL on which the host answers with a token, as text or as `{"token": "…"}`; for pages without a script. */
  tokenUrl: string | undefined;
  /** Returns a token, or a new one if `force` is set; may be async. */
  getToken: GetToken | undefined;
  /** A client of the host; the element follows it and never disposes it. */
  client: IngestionClient | undefined;
  /** Messages that replace those of the element's language. */
  messages: PartialMessages | null = null;
}
