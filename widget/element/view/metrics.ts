/** Metrics of the current phase, or of the result. Unknown values are not shown. */
import { html, nothing, type TemplateResult } from 'lit';
import { MAX_NAME } from '../job-text.js';
import type { MessageKey } from '../messages.js';
import type { ViewModel } from './view-model.js';

type Rendered = TemplateResult | typeof nothing;
type Format = (value: number) => string;

/** More counters than this are folded. */
const MAX_COUNTERS = 8;

/** Metrics of the current phase. */
export function metrics({ job, translate, format, text }: ViewModel): Rendered {
  const { progress, phase } = job;
  // a new phase shows the previous phase's metrics until its first update, so that nothing flashes
  const isNew = phase?.startedAt === progress?.updatedAt;
  const known = phase?.metrics ?? (isNew && phase && progress?.phases[phase.number - 2]?.metrics);
  if (!known) return nothing;
  const outOf = (done: number | null, total: number | null, show: Format, isFinal = true): string | null =>
    done === null || total === null
      ? optional(done ?? total, show)
      : translate(isFinal ? 'doneOf' : 'doneOfSoFar', { done: show(done), total: show(total) });
  const counters = known.counters.map(({ label, value, unit }) =>
    metric(
      text(label, MAX_NAME),
      unit === 'bytes'
        ? format.bytes(value)
        : [format.number(value), unit && text(unit, MAX_NAME)].filter(Boolean).join(' '),
    ),
  );
  const rate = job.state === 'running' ? known.itemsPerSecond : null;
  const shown = list('metrics', [
    metric(
      translate('items'),
      outOf(known.itemsProcessed, known.itemsTotal, format.number, known.itemsTotalIsFinal),
    ),
    failures(known.itemsFailed, translate, format.number),
    metric(translate('data'), outOf(known.bytesProcessed, known.bytesTotal, format.bytes)),
    ...counters.slice(0, MAX_COUNTERS),
    // last, since it appears late and disappears: the others keep their place
    metric(
      translate('rate'),
      optional(rate, (value) => translate('perSecond', { rate: format.number(value) })),
    ),
  ]);
  const folded = counters.slice(MAX_COUNTERS);
  return folded.length === 0
    ? shown
    : html`${shown}
        <details class="more">
          <summary>+${format.number(folded.length)}</summary>
          ${list('metrics', folded)}
        </details>`;
}

/** Metrics and links of the result. */
export function resultFacts({ job, translate, format, text }: ViewModel): Rendered {
  const result = job.progress?.result;
  if (!result) return nothing;
  const facts = list('metrics result', [
    metric(translate('items'), optional(result.itemsProcessed, format.number)),
    // the button below counts them, with the warnings
    job.progress.problems.errors > 0 ? nothing : failures(result.itemsFailed, translate, format.number),
    metric(translate('data'), optional(result.bytesProcessed, format.bytes)),
    metric(translate('duration'), format.took(result.durationMs)),
  ]);
  // a job's text: no other scheme, such as javascript:
  const links = result.links.filter(({ url }) => /^https?:\/\//i.test(url));
  return links.length === 0
    ? facts
    : html`${facts}
        <div class="links" part="links">
          ${links.map(
            ({ label, url }) =>
              html`<a part="link" href=${url} target="_blank" rel="noopener noreferrer"
                >${text(label, MAX_NAME) || text(url, MAX_NAME)}</a
              >`,
          )}
        </div>`;
}

function optional(value: number | null, show: Format): string | null {
  return value === null ? null : show(value);
}

function failures(count: number | null, translate: (key: MessageKey) => string, show: Format): Rendered {
  return metric(translate('failedItems'), count ? show(count) : null, 'bad');
}

function metric(label: string, value: string | null, className = ''): Rendered {
  if (value === null) return nothing;
  return html`<div class="metric ${className}" part="metric">
    <dt part="metric-label">${label}</dt>
    <dd part="metric-value">${value}</dd>
  </div>`;
}

function list(part: string, found: readonly Rendered[]): Rendered {
  return found.every((each) => each === nothing)
    ? nothing
    : html`<dl class="metrics" part=${part}>${found}</dl>`;
}
