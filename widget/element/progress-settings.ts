/** What a page may set on `<ingestion-progress>`: attributes and properties, with their units and defaults. No behaviour. */
import { LitElement } from 'lit';
import type { GetToken, IngestionClient, TransportChoice } from '../client/index.js';
import type { PartialMessages } from './translator.js';

/** The settings, for the element to act on. */
export abstract class ProgressSettings extends LitElement {
  static override properties = {
    endpoint: {},
    wsEndpoint: { attribute: 'ws-endpoint' },
    projectId: { attribute: 'project-id' },
    ingestionId: { attribute: 'ingestion-id' },
    token: {},
    transport: { reflect: true, useDefault: true },
    once: { type: Boolean },
    stalledAfter: { type: Number, attribute: 'stalled-after', useDefault: true },
    allowRetry: { type: Boolean, attribute: 'allow-retry' },
    allowCancel: { type: Boolean, attribute: 'allow-cancel' },
    label: { useDefault: true },
    compact: { type: Boolean, reflect: true },
    getToken: { attribute: false },
    client: { attribute: false },
    messages: { attribute: false },
  };

  /** GraphQL address; `/graphql` on the page's origin where it is not given. */
  endpoint: string | undefined;
  /** WebSocket address; by default `endpoint` with ws: or wss:. */
  wsEndpoint: string | undefined;
  /** The project to follow. */
  projectId: string | undefined;
  /** Follow this ingestion and those that retry it; without it, the project's latest. */
  ingestionId: string | undefined;
  /** A token that does not expire while the page is open; `getToken` is better. Never reflected. */
  token: string | undefined;
  /** `auto`, `websocket` or `polling`. */
  transport: TransportChoice = 'auto';
  /** End with the ingestion at hand, instead of following the project's next ones. */
  once = false;
  /** Seconds without an update after which a running job is called quiet. */
  stalledAfter = 45;
  /** Offer Retry although the token may not; the host handles `ingestion-retry`. */
  allowRetry = false;
  /** Offer Cancel although the token may not; the host handles `ingestion-cancel`. */
  allowCancel = false;
  /** Heading, and name of the progress bar. */
  label = '';
  /** One line of 24 px, for a row of a table. */
  compact = false;
  /** Gives a token, and a fresh one when asked again; may be async. */
  getToken: GetToken | undefined;
  /** A client of the host's own; the element follows it and never disposes it. */
  client: IngestionClient | undefined;
  /** Sentences of the host's own, over those of the language around the element. */
  messages: PartialMessages | null = null;
}
