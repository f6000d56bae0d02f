/** What a page may set on `<ingestion-progress>`: attributes and properties, with their units and defaults. No behaviour. */
import { LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import type { GetToken, IngestionClient, TransportChoice } from '../client/index.js';
import type { PartialMessages } from './translator.js';

/** Settings that decide which client is followed. */
export const CLIENT_SETTINGS: ReadonlySet<PropertyKey> = new Set([
  'endpoint',
  'wsEndpoint',
  'projectId',
  'ingestionId',
  'token',
  'getToken',
  'transport',
  'once',
  'client',
]);

/** The settings, for the element to act on. */
export abstract class ProgressSettings extends LitElement {
  /** GraphQL address; `/graphql` on the page's origin where it is not given. */
  @property() endpoint: string | undefined;
  /** WebSocket address; by default `endpoint` with ws: or wss:. */
  @property({ attribute: 'ws-endpoint' }) wsEndpoint: string | undefined;
  /** The project to follow. */
  @property({ attribute: 'project-id' }) projectId: string | undefined;
  /** Follow this ingestion and those that retry it; without it, the project's latest. */
  @property({ attribute: 'ingestion-id' }) ingestionId: string | undefined;
  /** A token that does not expire while the page is open; `getToken` is better. Never reflected. */
  @property() token: string | undefined;
  /** `auto`, `websocket` or `polling`. */
  @property({ reflect: true }) transport: TransportChoice = 'auto';
  /** End with the ingestion at hand, instead of following the project's next ones. */
  @property({ type: Boolean }) once = false;
  /** Seconds without an update after which a running job is called quiet. */
  @property({ type: Number, attribute: 'stalled-after' }) stalledAfter = 45;
  /** Offer Retry although the token may not; the host handles `ingestion-retry`. */
  @property({ type: Boolean, attribute: 'allow-retry' }) allowRetry = false;
  /** Offer Cancel although the token may not; the host handles `ingestion-cancel`. */
  @property({ type: Boolean, attribute: 'allow-cancel' }) allowCancel = false;
  /** Heading, and name of the progress bar. */
  @property() label = '';
  /** One line of 24 px, for a row of a table. */
  @property({ type: Boolean, reflect: true }) compact = false;
  /** Gives a token, and a fresh one when asked again; may be async. */
  @property({ attribute: false }) getToken: GetToken | undefined;
  /** A client of the host's own; the element follows it and never disposes it. */
  @property({ attribute: false }) client: IngestionClient | undefined;
  /** Sentences of the host's own, over those of the language around the element. */
  @property({ attribute: false }) messages: PartialMessages | null = null;
}
