/**
 * `<ingestion-problems>`: what went wrong with the items of one ingestion, as a list by code that pages, is searched, and is
 * downloaded. Reads when it is connected and when a setting changes; a host may call `reload()`.
 */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { GetToken } from '../client/index.js';
import { ProviderRequest } from '../element/provider-request.js';
import { adoptStyles } from '../element/adopted-styles.js';
import { sharedSettings } from '../element/shared-settings.js';
import { tokens } from '../element/styles/tokens.js';
import { csvOf } from './csv.js';
import { wordsFor, type ProblemMessages, type ProblemWords } from './messages.js';
import { countOf, groupByCode, search, type ProblemGroup } from './problem-groups.js';
import {
  ProblemsError,
  readProblems,
  type Counts,
  type Problem,
  type ProblemPage,
  type Purpose,
  type Query,
  type Severity,
} from './problem-source.js';
import { styles } from './styles.js';

/** Problems of a page of the list. */
const PAGE = 50;

interface Loaded {
  readonly problems: readonly Problem[];
  readonly next: string | null;
  /** Of the newest attempt. */
  readonly counts: Counts | null;
  readonly newestAttempt: number;
}

/**
 * What went wrong with the items of one ingestion.
 *
 * @csspart base - The root of the element.
 * @csspart heading - The heading.
 * @csspart summary - How many errors and warnings there are.
 * @csspart toolbar - Search, filters and download.
 * @csspart status - What is loaded and found.
 * @csspart group - Problems of one code.
 * @csspart problem - One problem; also `problem-error`, `problem-warning`.
 * @csspart button - All buttons; also `download-button`, `more-button`, `retry-button`.
 */
export class IngestionProblemsElement extends LitElement {
  /** @internal */
  static override styles = [tokens, styles];

  static override properties = {
    endpoint: {},
    projectId: { attribute: 'project-id' },
    ingestionId: { attribute: 'ingestion-id' },
    token: {},
    tokenUrl: { attribute: 'token-url' },
    getToken: { attribute: false },
    messages: { attribute: false },
    label: {},
  };

  /** GraphQL URL; the provider's, else `/graphql` on the page's origin by default. */
  endpoint: string | undefined;
  /** The project. */
  projectId: string | undefined;
  /** The ingestion. */
  ingestionId: string | undefined;
  /** A token that does not expire while the page is open; prefer `getToken`. Never reflected. */
  token: string | undefined;
  /** URL on which the host answers with a token, as text or as `{"token": "…"}`; for pages without a script. */
  tokenUrl: string | undefined;
  /** Returns a token, or a new one if `force` is set; may be async. */
  getToken: GetToken | undefined;
  /** Messages that replace the English ones. */
  messages: Partial<ProblemMessages> | null = null;
  /** The heading; "Problems" by default. */
  label: string | undefined;

  readonly #provider = new ProviderRequest(this, () => {
    this.#settingsChanged();
  });
  /** Aborts what is asked for; another one for each load, so that an answer that comes late is none. */
  #request: AbortController | null = null;
  #download: AbortController | null = null;
  #loadedFor = '';
  #loaded: Loaded | null = null;
  #isLoading = false;
  #error: ProblemsError | null = null;
  #severity: Severity | null = null;
  #attempt: number | null = null;
  #words = '';
  /** What is to be said of a download. */
  #notice = '';

  /** @internal */
  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#settingsChanged();
  }

  /** @internal */
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#request?.abort();
    this.#download?.abort();
    this.#request = this.#download = null;
    this.#loadedFor = '';
  }

  /** @internal */
  adoptedCallback(): void {
    adoptStyles(this);
  }

  /** Reads the first page again. */
  reload(): void {
    this.#loadedFor = '';
    this.#settingsChanged();
  }

  protected override updated(changed: PropertyValues): void {
    const settings = ['endpoint', 'projectId', 'ingestionId', 'token', 'tokenUrl', 'getToken'];
    if (settings.some((name) => changed.has(name))) this.#settingsChanged();
  }

  protected override firstUpdated(): void {
    this.#settingsChanged();
  }

  /** Loads anew if what is asked for is another. */
  #settingsChanged(): void {
    if (!this.isConnected || !this.hasUpdated || this.#provider.isPending) return;
    const { projectId, ingestionId } = this;
    const { endpoint, token, getToken } = this.#settings();
    const key = JSON.stringify([projectId, ingestionId, endpoint, token, getToken !== undefined]);
    if (key === this.#loadedFor) return;
    this.#loadedFor = key;
    this.#loaded = null;
    this.#restart();
  }

  /** The filters changed: the toolbar stays, with the focus in it. */
  #filter(severity: Severity | null, attempt: number | null): void {
    this.#severity = severity;
    this.#attempt = attempt;
    if (this.#loaded !== null) this.#loaded = { ...this.#loaded, problems: [], next: null };
    this.#restart();
  }

  #restart(): void {
    this.#download?.abort();
    this.#download = null;
    this.#notice = '';
    void this.#load(null);
  }

  #settings() {
    const { endpoint, token, tokenUrl, getToken } = this;
    return sharedSettings(
      { endpoint, wsEndpoint: undefined, token, tokenUrl, getToken },
      this.#provider.value,
    );
  }

  #query(after: string | null): Query | null {
    const { projectId, ingestionId } = this;
    if (!projectId || !ingestionId) return null;
    return { projectId, ingestionId, severity: this.#severity, attempt: this.#attempt, after };
  }

  #read(purpose: Purpose, query: Query, signal: AbortSignal): Promise<ProblemPage> {
    const { endpoint = '/graphql', token, getToken } = this.#settings();
    return readProblems(purpose, { endpoint, token, getToken }, query, signal);
  }

  async #load(after: string | null): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    const query = this.#query(after);
    this.#error = null;
    this.#isLoading = query !== null;
    this.requestUpdate();
    if (query === null) return;
    try {
      const { problems, next, progress } = await this.#read('list', query, request.signal);
      if (this.#request !== request) return;
      const earlier = after === null ? [] : (this.#loaded?.problems ?? []);
      this.#loaded = {
        problems: [...earlier, ...problems],
        next,
        counts: progress?.problems ?? null,
        newestAttempt: progress?.attempt ?? 1,
      };
    } catch (cause) {
      if (this.#request !== request) return;
      this.#error = asProblemsError(cause);
    }
    this.#isLoading = false;
    this.requestUpdate();
    await this.updateComplete;
    // The button that loaded the last page is gone: the list that it made longer is next.
    if (after !== null && this.#loaded?.next === null && this.shadowRoot?.activeElement === null) {
      this.shadowRoot.querySelector<HTMLElement>('.status')?.focus();
    }
  }

  /** Reads all that is kept, of the chosen severity and attempt, and saves it. */
  async #save(words: ProblemWords): Promise<void> {
    if (this.#download !== null) return;
    const download = new AbortController();
    this.#download = download;
    const all: Problem[] = [];
    try {
      for (let after: string | null = null; ;) {
        const query = this.#query(after);
        if (query === null) return;
        const page = await this.#read('download', query, download.signal);
        if (this.#download !== download) return;
        all.push(...page.problems);
        after = page.next;
        if (after === null) break;
        const total = words.number(this.#total() ?? all.length);
        this.#say(words.translate('downloading', { number: words.number(all.length), total }));
      }
      saveFile(`problems-${this.ingestionId ?? ''}.csv`, csvOf(all));
      const number = words.number(all.length);
      this.#say(words.translate('downloaded', { count: all.length, number }));
    } catch (cause) {
      if (this.#download !== download) return;
      this.#say(failureText(asProblemsError(cause), words));
    }
    this.#download = null;
    this.requestUpdate();
  }

  #say(notice: string): void {
    this.#notice = notice;
    this.requestUpdate();
  }

  /** Counts of what is shown; null if they are of another attempt, or not known. */
  #counts(): Counts | null {
    const { counts = null, newestAttempt } = this.#loaded ?? {};
    return this.#attempt === null || this.#attempt === newestAttempt ? counts : null;
  }

  /** How many problems there are of the chosen severity; null if not known. */
  #total(): number | null {
    const counts = this.#counts();
    return counts === null ? null : countOf(counts, this.#severity);
  }

  protected override render(): TemplateResult {
    const words = wordsFor(this.messages);
    const { translate } = words;
    const loaded = this.#loaded;
    const counts = loaded?.counts ?? null;
    return html`<section
      class="base"
      part="base"
      aria-labelledby="heading"
      aria-busy=${this.#isLoading ? 'true' : 'false'}
    >
      <h2 id="heading" part="heading">${this.label || translate('heading')}</h2>
      ${
        counts === null || countOf(counts, null) === 0
          ? nothing
          : html`<p class="summary" part="summary">
              ${(['errors', 'warnings'] as const)
                .filter((key) => counts[key] > 0)
                .map((key, index) => {
                  const text = translate(key, { count: counts[key], number: words.number(counts[key]) });
                  return html`${index === 0 ? '' : ' · '}<bdi>${text}</bdi>`;
                })}
            </p>`
      }
      ${this.#hasAny() ? this.#toolbar(words) : nothing}
      <p class="status" part="status" role="status" tabindex="-1">${this.#status(words)}</p>
      ${this.#error === null ? nothing : this.#failure(this.#error, words)}
      ${loaded === null ? nothing : this.#list(loaded, words)}
    </section>`;
  }

  /** Whether there is something to filter, or there would be without the filter. */
  #hasAny(): boolean {
    const { counts = null, problems = [], newestAttempt = 1 } = this.#loaded ?? {};
    const isFiltered = this.#severity !== null || this.#attempt !== null;
    return (
      isFiltered || problems.length > 0 || newestAttempt > 1 || (counts !== null && countOf(counts, null) > 0)
    );
  }

  #toolbar(words: ProblemWords): TemplateResult {
    const { translate, number } = words;
    const newest = this.#loaded?.newestAttempt ?? this.#attempt ?? 1;
    const severities = [
      ['', translate('all')],
      ['ERROR', translate('onlyErrors')],
      ['WARNING', translate('onlyWarnings')],
    ] as const;
    const attempts = Array.from({ length: Math.min(newest, MAX_ATTEMPTS) }, (_, index) => newest - index);
    const isSaving = this.#download !== null;
    return html`<div class="toolbar" part="toolbar">
      <label class="search"
        >${translate('search')}<input
          type="search"
          autocomplete="off"
          .value=${this.#words}
          @input=${({ target }: { readonly target: HTMLInputElement }) => {
            this.#words = target.value;
            this.requestUpdate();
          }}
      /></label>
      <label
        >${translate('severity')}<select
          @change=${({ target }: { readonly target: HTMLSelectElement }) => {
            const { value } = target;
            this.#filter(value === 'ERROR' || value === 'WARNING' ? value : null, this.#attempt);
          }}
        >
          ${severities.map(
            ([value, text]) =>
              html`<option value=${value} ?selected=${value === (this.#severity ?? '')}>${text}</option>`,
          )}
        </select></label
      >
      ${
        newest > 1
          ? html`<label
              >${translate('attempt')}<select
                @change=${({ target }: { readonly target: HTMLSelectElement }) => {
                  const attempt = Number(target.value);
                  this.#filter(this.#severity, attempt === newest ? null : attempt);
                }}
              >
                ${attempts.map(
                  (attempt) =>
                    html`<option value=${attempt} ?selected=${attempt === (this.#attempt ?? newest)}>
                      ${translate('attemptNumber', { attempt: number(attempt) })}
                    </option>`,
                )}
              </select></label
            >`
          : nothing
      }
      <button
        type="button"
        part="button download-button"
        aria-disabled=${isSaving ? 'true' : 'false'}
        @click=${() => void this.#save(words)}
      >
        ${translate('download')}
      </button>
    </div>`;
  }

  /** What is loaded and found; read out as it changes. */
  #status({ translate, number }: ProblemWords): string {
    if (!this.projectId || !this.ingestionId) return translate('missing');
    const loaded = this.#loaded;
    if (loaded === null) return this.#isLoading ? translate('loading') : '';
    const { problems, next } = loaded;
    if (problems.length === 0 && this.#isLoading) return translate('loading');
    if (problems.length === 0 && this.#error !== null) return '';
    if (problems.length === 0) return [translate('none'), this.#notice].filter(Boolean).join(' ');
    const total = this.#total();
    const beyond = total === null ? 0 : Math.max(0, total - problems.length);
    const isSearching = this.#words.trim() !== '';
    const said = isSearching
      ? [
          translate('found', {
            number: number(search(problems, this.#words).length),
            total: number(problems.length),
          }),
          next !== null && beyond > 0 ? translate('foundMore', { number: number(beyond) }) : '',
        ]
      : [
          next === null
            ? translate('loadedAll', { number: number(problems.length) })
            : translate('loaded', {
                number: number(problems.length),
                total: total === null ? '…' : number(total),
              }),
        ];
    if (next === null && beyond > 0) said.push(translate('onlyCounted', { number: number(beyond) }));
    return [...said, this.#notice].filter(Boolean).join(' ');
  }

  #failure(error: ProblemsError, words: ProblemWords): TemplateResult {
    return html`<p class="failure" role="alert">${failureText(error, words)}</p>
      <button
        type="button"
        part="button retry-button"
        @click=${() => void this.#load(this.#loaded?.next ?? null)}
      >
        ${words.translate('retry')}
      </button>`;
  }

  #list({ problems, next }: Loaded, words: ProblemWords): TemplateResult {
    const groups = groupByCode(search(problems, this.#words), this.#counts(), this.#severity);
    const total = this.#total();
    const rest = total === null || total <= problems.length ? PAGE : Math.min(PAGE, total - problems.length);
    const more = { count: rest, number: words.number(rest) };
    return html`<div class="groups">${groups.map((group) => this.#group(group, words))}</div>
      ${
        next === null || this.#error !== null
          ? nothing
          : html`<button
              type="button"
              part="button more-button"
              aria-disabled=${this.#isLoading ? 'true' : 'false'}
              @click=${() => {
                if (!this.#isLoading) void this.#load(next);
              }}
            >
              ${words.translate('more', more)}
            </button>`
      }`;
  }

  #group({ code, severity, problems, total }: ProblemGroup, words: ProblemWords): TemplateResult {
    const { translate, number } = words;
    const count =
      total === null || total <= problems.length
        ? number(problems.length)
        : translate('groupCount', { number: number(problems.length), total: number(total) });
    return html`<details part="group" open>
      <summary>
        <span class="sign ${severity}">${translate(severity === 'ERROR' ? 'error' : 'warning')}</span>
        <bdi class="code">${code}</bdi> <span class="count">${count}</span>
      </summary>
      <ul>
        ${problems.map((problem) => this.#problem(problem, problem.severity !== severity, words))}
      </ul>
    </details>`;
  }

  #problem(problem: Problem, isOther: boolean, { translate, number }: ProblemWords): TemplateResult {
    const { item, message, phase, severity, url } = problem;
    const name = html`<bdi>${withoutBidi(item)}</bdi>`;
    const details = [
      ...(isOther ? [translate(severity === 'ERROR' ? 'error' : 'warning')] : []),
      ...(phase === null ? [] : [translate('phase', { phase: number(phase) })]),
    ];
    return html`<li part="problem problem-${severity.toLowerCase()}">
      <span class="item"
        >${
          url !== null && /^https?:/i.test(url)
            ? html`<a href=${url} target="_blank" rel="noopener noreferrer">${name}</a>`
            : name
        }</span
      >
      ${details.length === 0 ? nothing : html`<span class="detail">${details.join(' · ')}</span>`}
      ${message === null ? nothing : html`<p class="message"><bdi>${withoutBidi(message)}</bdi></p>`}
    </li>`;
  }
}

/** Attempts that the list offers, the newest first. */
const MAX_ATTEMPTS = 20;

/** Without the marks that turn the text around them round. */
const withoutBidi = (text: string) => text.replace(/[\u202a-\u202e\u2066-\u206f]/g, '');

function failureText({ code }: ProblemsError, { translate }: ProblemWords): string {
  return code === 'FORBIDDEN' || code === 'UNAUTHENTICATED'
    ? translate('forbidden')
    : translate('failed', { code });
}

const asProblemsError = (cause: unknown): ProblemsError =>
  cause instanceof ProblemsError ? cause : new ProblemsError('INTERNAL_ERROR', String(cause), { cause });

/** Hands a file to the browser. */
function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name.replaceAll(/[^\w.-]+/g, '_');
  link.click();
  // After the browser has taken it.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 60_000);
}
