/**
 * `<ingestion-progress>`: follows one project and shows its ingestion. Takes the settings, binds a client and schedules renders;
 * the templates are in view/, the messages in locales/, the connection is in the client.
 */
import { html, type LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { outsideZones, releaseGetToken, stableGetToken } from '../client/index.js';
import type {
  ConnectionError,
  ConnectionState,
  IngestionClient,
  IngestionClientOptions,
  NamedEvent,
  Progress,
} from '../client/index.js';
import { adoptStyles } from './adopted-styles.js';
import { Announcer } from './announcements.js';
import { ClientController } from './client-controller.js';
import { CommandController } from './command-controller.js';
import { connectionNotice } from './connection-notice.js';
import { errorOf, fire } from './element-events.js';
import { etaWords, type EtaWords } from './eta-words.js';
import { jobOf, type JobState } from './job.js';
import { onLanguageChange } from './language.js';
import { ProgressSettings } from './progress-settings.js';
import { ProviderRequest } from './provider-request.js';
import { createRenderScheduler } from './render-scheduler.js';
import { sharedSettings, warnInvalid } from './shared-settings.js';
import { observeVisibility } from './visibility.js';
import { layout } from './styles/layout.js';
import { parts } from './styles/parts.js';
import { tokens } from './styles/tokens.js';
import { track } from './styles/track.js';
import { nextRenderDelay } from './next-render-delay.js';
import { localizationFor } from './localization.js';
import { warnOnce } from './warnings.js';
import { compact } from './view/compact.js';
import { full } from './view/full.js';
import type { ViewModel } from './view/view-model.js';

/** How long a full bar stays before the result replaces it, in ms. */
const RESULT_DELAY_MS = 700;
/** Errors that a developer has to mend, though the client retries. */
const FOR_DEVELOPERS = /^(TOKEN_UNAVAILABLE|NOT_GRAPHQL)$/;
const SLOTS = /^(heading|metrics|actions|complete|error)$/;

/**
 * Live progress of a long ingestion, in one phase or up to twelve.
 *
 * @slot heading - The heading; replaces `label`.
 * @slot metrics - Replaces the metrics while the job runs.
 * @slot actions - Buttons of the host, next to Cancel.
 * @slot complete - Replaces the result.
 * @slot error - Replaces the error message.
 * @fires ingestion-phase-started - A phase started; `detail` is `{ progress, phase, phaseName, message }`.
 * @fires ingestion-progress - The state changed; `detail` is `{ progress }`.
 * @fires ingestion-complete - The ingestion completed; `detail` is `{ progress, result }`.
 * @fires ingestion-error - The ingestion (never the connection) failed; `detail` is `{ progress, error }`.
 * @fires ingestion-cancelled - The ingestion was cancelled; `detail` is `{ progress }`.
 * @fires ingestion-connection-change - The connection changed; `detail` is `{ connection, previous, error }`.
 * @fires ingestion-retry - The user pressed Retry; `preventDefault()` keeps the mutation from being sent.
 * @fires ingestion-cancel - The user pressed Cancel; `preventDefault()` keeps the mutation from being sent.
 * @fires ingestion-problems-open - The user asked for the list of problems; `detail` is `{ projectId, ingestionId }`. `preventDefault()` keeps
 *   `<ingestion-problems>`, if it is defined, from opening below.
 * @csspart base - The root of the element.
 * @csspart heading - The label, else the job's title, above the progress.
 * @csspart percent - The overall percent.
 * @csspart sign - The icon of the state.
 * @csspart headline - The main sentence.
 * @csspart detail - The line under the headline.
 * @csspart badge - The connection badge; also `badge-good`, `badge-busy`, `badge-degraded`, `badge-bad`.
 * @csspart badge-dot - The dot in the badge.
 * @csspart badge-word - The label in the badge.
 * @csspart badge-detail - What happens next, in the badge.
 * @csspart track - The progress bar; it contains `segment` and `fill`.
 * @csspart segment - A phase's share of the bar; also `segment-running` and so on.
 * @csspart fill - The completed share of a segment.
 * @csspart phases - The list of phases.
 * @csspart phase - One phase; also `phase-running` and so on.
 * @csspart phase-sign - The icon of a phase.
 * @csspart phase-name - The name of a phase.
 * @csspart phase-detail - The percent, duration or status of a phase.
 * @csspart metrics - The metrics; also `result` after completion.
 * @csspart metric - One metric.
 * @csspart metric-label - The label of a metric.
 * @csspart metric-value - The value of a metric.
 * @csspart error - The error message and what to do.
 * @csspart error-message - The job's error message.
 * @csspart error-hint - What to do.
 * @csspart error-code - The error code.
 * @csspart links - The links of the result; each is a `link`.
 * @csspart problems - The open list of problems.
 * @csspart actions - The row of buttons.
 * @csspart button - All buttons; also `retry-button`, `cancel-button`, `reconnect-button`, `problems-button`.
 * @csspart command-notice - Why a command failed.
 * @cssprop --ingestion-accent - Completed and running work.
 * @cssprop --ingestion-success - A completed ingestion.
 * @cssprop --ingestion-danger - Failures.
 * @cssprop --ingestion-warning - A degraded connection.
 * @cssprop --ingestion-text - Text colour; `currentColor` by default.
 * @cssprop --ingestion-muted - Secondary text.
 * @cssprop --ingestion-line - Outlines and borders.
 * @cssprop --ingestion-track - Background of the progress bar.
 * @cssprop --ingestion-radius - Corner radius of the progress bar and of buttons; 6px.
 * @cssprop --ingestion-space - Spacing unit; 4px.
 * @cssprop --ingestion-track-height - Height of the progress bar; 10px.
 * @cssprop --ingestion-font - Font family; inherited by default.
 * @cssprop --ingestion-font-size - Font size; inherited by default.
 */
export class IngestionProgressElement extends ProgressSettings {
  /** @internal */
  static override styles = [tokens, layout, track, parts];

  readonly #scheduler = createRenderScheduler();
  readonly #commands = new CommandController(this);
  readonly #announcer = new Announcer();
  readonly #provider = new ProviderRequest(this, () => {
    this.#controller.scheduleBind();
    this.requestUpdate();
  });
  readonly #controller = new ClientController({
    resolveClient: () => this.#resolveClient(),
    onChange: () => {
      this.requestUpdate();
    },
    dispatch: (event) => {
      this.#dispatch(event);
    },
  });
  #stops: readonly (() => void)[] = [];
  #renderTimer: ReturnType<typeof setTimeout> | undefined;
  #shownState: JobState = 'unknown';
  #showResultAt = 0;
  /** The ingestion whose problems are open. */
  #problemsOf: string | null = null;
  /** The remaining time as it was put last. */
  #eta: EtaWords | null = null;
  #usesDefaultFont = false;
  #hadFocus = false;

  /** The connection's state; never the job's. */
  get connectionState(): ConnectionState {
    return this.#controller.snapshot.connection.state;
  }

  /** Why the connection failed; null if it has not. */
  get connectionError(): ConnectionError | null {
    return errorOf(this.#controller.snapshot.connection);
  }

  /** The last known state of the ingestion; null if nothing is known. */
  get progress(): Progress | null {
    return this.#controller.snapshot.progress;
  }

  /** Reconnects now with a new budget of attempts, from any state. */
  reconnect(): void {
    this.#controller.client?.reconnect();
  }

  /** Disconnects until `reconnect()` is called. */
  disconnect(): void {
    this.#controller.client?.disconnect();
  }

  /** @internal */
  override connectedCallback(): void {
    super.connectedCallback();
    const stopLanguage = onLanguageChange(this, () => {
      if (this.hasUpdated) this.#controller.scheduleBind(); // another origin may receive tokens
      this.requestUpdate();
    });
    this.#stops = [stopLanguage, observeVisibility(this)];
    this.#scheduler.start();
    for (const name of ['gettoken', 'get-token', 'messages', 'client']) {
      if (this.hasAttribute(name))
        warnOnce(
          `The attribute ${name} has no effect: set the property. In Vue, import define before rendering.`,
        );
    }
    // before the first update, Lit has not yet restored the properties that were set before the upgrade
    if (this.hasUpdated) this.#controller.hostConnected();
    this.requestUpdate();
  }

  /** @internal */
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#renderTimer);
    this.#scheduler.stop();
    releaseGetToken(this);
    this.#controller.hostDisconnected();
  }

  /** @internal */
  adoptedCallback(): void {
    adoptStyles(this);
  }

  /** Binds a client without waiting for a render, since a hidden page doesn't render. */
  override requestUpdate(...change: Parameters<LitElement['requestUpdate']>): void {
    super.requestUpdate(...change);
    // not while the constructor initializes the settings
    if (change[0] !== undefined && #controller in this) this.#controller.scheduleBind();
  }

  protected override scheduleUpdate(): void | Promise<unknown> {
    const granted = this.#scheduler.next();
    return granted === null ? super.scheduleUpdate() : granted.then(() => super.scheduleUpdate());
  }

  protected override willUpdate(_changed: PropertyValues): void {
    if (!this.hasUpdated) this.#usesDefaultFont = inheritsDefaultFont(this);
    this.#hadFocus = this.shadowRoot?.activeElement?.matches('button, summary') === true;
  }

  protected override render(): TemplateResult {
    const model = this.#viewModel();
    const { announcement } = model;
    return html`<div
      class="base ${this.#usesDefaultFont ? 'default-font' : ''}"
      part="base"
      data-state=${model.job.state}
      translate="no"
    >
      ${this.compact ? compact(model) : full(model)}
      <div class="announcer" aria-live=${announcement.isUrgent ? 'assertive' : 'polite'} aria-atomic="true">
        ${announcement.text}
      </div>
    </div>`;
  }

  protected override firstUpdated(): void {
    if (this.isConnected) this.#controller.hostConnected();
  }

  protected override updated(): void {
    for (const { slot } of this.children) {
      if (slot && !SLOTS.test(slot))
        warnOnce(`Ignoring unknown slot "${slot}". Use heading, metrics, actions, complete or error.`);
    }
    // if the focused control disappeared, move the focus to the headline that explains why
    if (this.#hadFocus && this.shadowRoot?.activeElement === null) {
      this.shadowRoot.querySelector<HTMLElement>('[part~="headline"]')?.focus();
    }
  }

  #viewModel(): ViewModel {
    const { snapshot, stateDurationMs } = this.#controller;
    const { connection, scopes } = snapshot;
    const now = this.#controller.monotonicNow();
    const localization = localizationFor(this, this.messages ?? this.#provider.value?.messages);
    const job = jobOf(snapshot, now, this.#stalledAfterMs());
    this.#eta = job.estimate === null ? null : etaWords(job.estimate, this.#eta);
    const notice = connectionNotice(connection, job.sinceUpdateMs, now, stateDurationMs, localization);
    const command = this.#commands.statusFor(job);
    const commandError = command?.error ?? null;
    const canControl = scopes?.includes('ingestion:control') === true;
    this.#updateResultDelay(job.state, now);
    this.#scheduleRender(nextRenderDelay(job, connection, stateDurationMs, this.#showResultAt - now));
    return {
      ...localization,
      job: this.#showResultAt > now ? { ...job, state: 'running' } : job,
      eta: this.#eta,
      notice,
      label: this.label || localization.text(job.progress?.title ?? ''),
      canRetry: job.isRetryable && (canControl || this.allowRetry),
      canCancel: job.isCancellable && (canControl || this.allowCancel),
      command,
      announcement: this.#announcer.next(
        job,
        connection.state,
        stateDurationMs,
        notice,
        commandError,
        localization,
      ),
      onCommand: (kind) => {
        void this.#commands.send(kind, job, this.#controller.client, localization);
      },
      onReconnect: () => {
        this.reconnect();
      },
      problemList:
        customElements.get('ingestion-problems') === undefined
          ? null
          : {
              ...sharedSettings(this, this.#provider.value),
              client: this.#controller.client,
              isOpen: job.progress !== null && this.#problemsOf === job.progress.id,
            },
      onProblems: () => {
        this.#toggleProblems();
      },
    };
  }

  #toggleProblems(): void {
    const { progress } = this;
    if (progress === null) return;
    const { id: ingestionId, projectId } = progress;
    const isOpen = this.#problemsOf === ingestionId;
    if (!isOpen && !fire(this, 'ingestion-problems-open', { projectId, ingestionId })) return;
    this.#problemsOf = isOpen ? null : ingestionId;
    this.requestUpdate();
  }

  #updateResultDelay(state: JobState, now: number): void {
    const wasUnderWay = ['running', 'paused', 'stalled'].includes(this.#shownState);
    if (wasUnderWay && (state === 'completed' || state === 'partial'))
      this.#showResultAt = now + RESULT_DELAY_MS;
    else if (state !== this.#shownState) this.#showResultAt = 0;
    this.#shownState = state;
  }

  #scheduleRender(ms: number | null): void {
    clearTimeout(this.#renderTimer);
    if (ms === null || !this.isConnected) return;
    this.#renderTimer = outsideZones(() =>
      setTimeout(() => {
        this.requestUpdate();
      }, ms),
    );
  }

  #stalledAfterMs(): number {
    return this.stalledAfter > 0 ? this.stalledAfter * 1000 : 45_000;
  }

  #resolveClient(): IngestionClient | IngestionClientOptions | null {
    if (this.skip) return null;
    const { client, endpoint, wsEndpoint, token, tokenUrl, getToken } = this;
    if (typeof client?.subscribe === 'function') return client;
    if (client) warnInvalid('client');
    if (this.#provider.isPending) return null;
    const inherited = this.#provider.value;
    return {
      projectId: this.projectId ?? '',
      ingestionId: this.ingestionId ?? undefined,
      follow: !this.once,
      ...sharedSettings(
        { endpoint, wsEndpoint, token, tokenUrl, getToken: stableGetToken(this) ?? getToken },
        inherited,
      ),
      transport: this.transport === 'auto' ? inherited?.transport : this.transport,
    };
  }

  #dispatch({ name, event }: NamedEvent): void {
    if (name === 'warning') {
      warnOnce(event.message);
    } else if (name === 'connection-change') {
      const error = errorOf(event.connection);
      if (error !== null && (event.connection.state === 'error' || FOR_DEVELOPERS.test(error.code)))
        warnOnce(`${error.code}: ${error.message}`);
      fire(this, 'ingestion-connection-change', { ...event, error });
    } else {
      fire(this, `ingestion-${name}`, event);
    }
  }
}

/** Whether the page sets no font, so that the browser's default would show. */
function inheritsDefaultFont(element: HTMLElement): boolean {
  const probe = document.createElement('span');
  probe.style.setProperty('font-family', 'initial');
  element.shadowRoot?.append(probe);
  const isDefault = getComputedStyle(probe).fontFamily === getComputedStyle(element).fontFamily;
  probe.remove();
  return isDefault;
}
