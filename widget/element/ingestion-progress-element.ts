/**
 * `<ingestion-progress>`: follows one project and shows its ingestion. Takes settings, binds a client, paces the renders;
 * what is drawn stands in view/, what is said in locales/, how the connection lives in the client.
 */
import { html, type LitElement, type PropertyValues, type TemplateResult } from 'lit';
import type { ConnectionError, ConnectionState, NamedEvent, Progress } from '../client/index.js';
import { Announcer } from './announcements.js';
import { ClientController } from './client-controller.js';
import { leaseClient, type ClientLease } from './client-pool.js';
import { Commands } from './command-controller.js';
import { connectionNotice } from './connection-notice.js';
import { errorOf, fire } from './element-events.js';
import { jobOf, type JobState } from './job.js';
import { onWordsChange } from './language.js';
import { ProgressSettings } from './progress-settings.js';
import { ProviderRequest } from './provider-request.js';
import { createRenderPace } from './render-scheduler.js';
import { sharedSettings, warnUnfit } from './shared-settings.js';
import { watchSight } from './visibility.js';
import { layout } from './styles/layout.js';
import { pieces } from './styles/parts.js';
import { tokens } from './styles/tokens.js';
import { track } from './styles/track.js';
import { untilNextChange } from './next-render-delay.js';
import { voiceOf } from './localization.js';
import { warnOnce } from './warnings.js';
import { compact } from './view/compact.js';
import { full } from './view/full.js';
import type { Scene } from './view/view-model.js';

/** How long a bar that arrived at its end stays before the result takes its place, in ms. */
const SETTLE_MS = 700;
const SLOTS = /^(heading|metrics|actions|complete|error)$/;

/**
 * Live progress of a long ingestion, in four phases.
 *
 * @slot heading - Above everything; instead of `label`.
 * @slot metrics - Instead of the counts while it runs.
 * @slot actions - Beside Cancel; for buttons of the host's own.
 * @slot complete - Instead of the result.
 * @slot error - Instead of what is said about a failure.
 * @fires ingestion-phase-started - A phase began; `detail` is `{ progress, phase, phaseName, message }`.
 * @fires ingestion-progress - The state changed; `detail` is `{ progress }`.
 * @fires ingestion-complete - It completed; `detail` is `{ progress, result }`.
 * @fires ingestion-error - The ingestion (never the connection) failed; `detail` is `{ progress, error }`.
 * @fires ingestion-cancelled - It was cancelled; `detail` is `{ progress }`.
 * @fires ingestion-connection-change - The connection changed; `detail` is `{ connection, previous, error }`.
 * @fires ingestion-retry - A person asks for another go; `preventDefault()` keeps the mutation from being sent.
 * @fires ingestion-cancel - A person asks to stop; `preventDefault()` keeps the mutation from being sent.
 * @csspart base - Everything.
 * @csspart heading - The label above.
 * @csspart percent - The overall percent.
 * @csspart sign - The sign of how it ended.
 * @csspart headline - The one sentence.
 * @csspart detail - The line under it.
 * @csspart badge - The connection's badge; also `badge-good`, `badge-busy`, `badge-degraded`, `badge-bad`.
 * @csspart badge-dot - Its dot.
 * @csspart badge-word - Its word.
 * @csspart badge-detail - What happens next.
 * @csspart track - The bar; `segment` and `fill` are its pieces.
 * @csspart segment - A phase's share of the bar; also `segment-running` and so on.
 * @csspart fill - What is done of it.
 * @csspart phases - The list of phases.
 * @csspart phase - One of them; also `phase-running` and so on.
 * @csspart phase-sign - Its sign.
 * @csspart phase-name - Its name.
 * @csspart phase-detail - Its percent, time or word.
 * @csspart metrics - The counts; also `result` once it completed.
 * @csspart metric - One count.
 * @csspart metric-label - What is counted.
 * @csspart metric-value - How many.
 * @csspart error - What is said about a failure.
 * @csspart error-message - The job's words.
 * @csspart error-hint - What to do.
 * @csspart error-code - The code.
 * @csspart actions - The row of buttons.
 * @csspart button - Every button; also `retry-button`, `cancel-button`, `reconnect-button`.
 * @csspart command-notice - Why a command came to nothing.
 * @cssprop --ingestion-accent - What is done and under way.
 * @cssprop --ingestion-success - The end.
 * @cssprop --ingestion-danger - Failure.
 * @cssprop --ingestion-warning - A degraded connection.
 * @cssprop --ingestion-text - Text; `currentColor` by default.
 * @cssprop --ingestion-muted - Text of less weight.
 * @cssprop --ingestion-line - Outlines and borders.
 * @cssprop --ingestion-track - What is not done yet.
 * @cssprop --ingestion-radius - Of the track's ends and of buttons; 6px.
 * @cssprop --ingestion-space - A step of the grid; 4px.
 * @cssprop --ingestion-track-height - 10px.
 * @cssprop --ingestion-font - Font family; the page's by default.
 * @cssprop --ingestion-font-size - The page's by default.
 */
export class IngestionProgressElement extends ProgressSettings {
  /** @internal */
  static override styles = [tokens, layout, track, pieces];

  readonly #pace = createRenderPace();
  readonly #commands = new Commands(this);
  readonly #announcer = new Announcer();
  readonly #provider = new ProviderRequest(this, () => {
    this.#controller.reconsider();
    this.requestUpdate();
  });
  readonly #controller = new ClientController({
    choose: () => this.#choose(),
    changed: () => {
      this.requestUpdate();
    },
    passOn: (event) => {
      this.#passOn(event);
    },
  });
  #stops: readonly (() => void)[] = [];
  #tick: ReturnType<typeof setTimeout> | undefined;
  #shownState: JobState = 'unknown';
  #settlesAt = 0;
  #isPlain = false;
  #hadFocus = false;

  /** The connection's state; never the job's. */
  get connectionState(): ConnectionState {
    return this.#controller.snapshot.connection.state;
  }

  /** Why the connection is not well; null while it is. */
  get connectionError(): ConnectionError | null {
    return errorOf(this.#controller.snapshot.connection);
  }

  /** The ingestion's state as last heard; null where nothing is known. */
  get progress(): Progress | null {
    return this.#controller.snapshot.progress;
  }

  /** A fresh budget of attempts, at once; also out of every stopped state. */
  reconnect(): void {
    this.#controller.client?.reconnect();
  }

  /** Stops watching until `reconnect()`. */
  disconnect(): void {
    this.#controller.client?.disconnect();
  }

  /** @internal */
  override connectedCallback(): void {
    super.connectedCallback();
    const stopWords = onWordsChange(this, () => {
      this.requestUpdate();
    });
    this.#stops = [stopWords, watchSight(this)];
    this.#pace.start();
    // before the first update, Lit has not yet given back the properties that were set before the upgrade
    if (this.hasUpdated) this.#controller.connected();
    this.requestUpdate();
  }

  /** @internal */
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#tick);
    this.#pace.stop();
    this.#controller.disconnected();
  }

  /** Binding a client does not wait for a render, which a hidden page never gets. */
  override requestUpdate(...change: Parameters<LitElement['requestUpdate']>): void {
    super.requestUpdate(...change);
    // not yet while the settings get their first values
    if (change[0] !== undefined && #controller in this) this.#controller.reconsider();
  }

  protected override scheduleUpdate(): void | Promise<unknown> {
    const turn = this.#pace.next();
    return turn === null ? super.scheduleUpdate() : turn.then(() => super.scheduleUpdate());
  }

  protected override willUpdate(_changed: PropertyValues): void {
    if (!this.hasUpdated) this.#isPlain = hasNoFont(this);
    this.#hadFocus = this.shadowRoot?.activeElement?.localName === 'button';
  }

  protected override render(): TemplateResult {
    const scene = this.#scene();
    const { announcement } = scene;
    return html`<div class="base ${this.#isPlain ? 'plain' : ''}" part="base" data-state=${scene.job.state}>
      ${this.compact ? compact(scene) : full(scene)}
      <div class="announcer" aria-live=${announcement.isUrgent ? 'assertive' : 'polite'} aria-atomic="true">
        ${announcement.text}
      </div>
    </div>`;
  }

  protected override firstUpdated(): void {
    if (this.isConnected) this.#controller.connected();
  }

  protected override updated(): void {
    for (const { slot } of this.children) {
      if (slot && !SLOTS.test(slot))
        warnOnce(`There is no slot "${slot}", only heading, metrics, actions, complete and error.`);
    }
    // a button that went away under the focus leaves it with the sentence that explains why
    if (this.#hadFocus && this.shadowRoot?.activeElement === null) {
      this.shadowRoot.querySelector<HTMLElement>('[part~="headline"]')?.focus();
    }
  }

  #scene(): Scene {
    const { snapshot, inStateMs } = this.#controller;
    const { connection, scopes } = snapshot;
    const now = this.#controller.monotonicNow();
    const voice = voiceOf(this, this.messages ?? this.#provider.value?.messages);
    const job = jobOf(snapshot, now, this.#stalledAfterMs());
    const notice = connectionNotice(connection, job.quietMs, now, inStateMs, voice);
    const command = this.#commands.statusFor(job);
    const refusal = command?.refusal ?? null;
    const mayControl = scopes?.includes('ingestion:control') === true;
    this.#settle(job.state, now);
    this.#tickIn(untilNextChange(job, connection, inStateMs, this.#settlesAt - now));
    return {
      ...voice,
      job: this.#settlesAt > now ? { ...job, state: 'running' } : job,
      notice,
      label: this.label,
      canRetry: job.isRetryable && (mayControl || this.allowRetry),
      canCancel: job.isCancellable && (mayControl || this.allowCancel),
      command,
      announcement: this.#announcer.next(job, connection.state, inStateMs, notice, refusal, voice),
      onCommand: (kind) => {
        void this.#commands.give(kind, job, this.#controller.client, voice.translate);
      },
      onReconnect: () => {
        this.reconnect();
      },
    };
  }

  #settle(state: JobState, now: number): void {
    const wasUnderWay = this.#shownState === 'running' || this.#shownState === 'stalled';
    if (wasUnderWay && (state === 'completed' || state === 'partial')) this.#settlesAt = now + SETTLE_MS;
    else if (state !== this.#shownState) this.#settlesAt = 0;
    this.#shownState = state;
  }

  #tickIn(ms: number | null): void {
    clearTimeout(this.#tick);
    if (ms === null || !this.isConnected) return;
    this.#tick = setTimeout(() => {
      this.requestUpdate();
    }, ms);
  }

  #stalledAfterMs(): number {
    return this.stalledAfter > 0 ? this.stalledAfter * 1000 : 45_000;
  }

  #choose(): ClientLease | null {
    const { client } = this;
    if (typeof client?.subscribe === 'function') return { client, release: () => undefined };
    if (client) warnUnfit('client');
    if (this.#provider.isPending) return null;
    const given = this.#provider.value;
    return leaseClient({
      projectId: this.projectId ?? '',
      ingestionId: this.ingestionId ?? undefined,
      follow: !this.once,
      ...sharedSettings(this, given),
      transport: this.transport === 'auto' ? given?.transport : this.transport,
    });
  }

  #passOn({ name, event }: NamedEvent): void {
    if (name === 'warning') {
      warnOnce(event.message);
    } else if (name === 'connection-change') {
      const error = errorOf(event.connection);
      if (event.connection.state === 'error' && error !== null) warnOnce(`${error.code}: ${error.message}`);
      fire(this, 'ingestion-connection-change', { ...event, error });
    } else {
      fire(this, `ingestion-${name}`, event);
    }
  }
}

/** Whether no style of the page says which font to use, so that the browser's default would show. */
function hasNoFont(element: HTMLElement): boolean {
  const probe = document.createElement('span');
  probe.style.setProperty('font-family', 'initial');
  element.shadowRoot?.append(probe);
  const isDefault = getComputedStyle(probe).fontFamily === getComputedStyle(element).fontFamily;
  probe.remove();
  return isDefault;
}
