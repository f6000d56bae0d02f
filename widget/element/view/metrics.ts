/** The counts: of the phase at hand while it runs, of the result once there is one. Only what is known is shown. */
import { html, nothing, type TemplateResult } from 'lit';
import type { MessageKey } from '../messages.js';
import type { Scene } from './view-model.js';

type Drawn = TemplateResult | typeof nothing;
type Format = (value: number) => string;

/** Counts of the phase at hand. */
export function metrics({ job, translate, format, text }: Scene): Drawn {
  const { progress, phase } = job;
  // while a phase's start is the last word, the counts before it stay, so that nothing flashes until its first update
  const isNew = phase?.startedAt === progress?.updatedAt;
  const known = phase?.metrics ?? (isNew && progress?.phases[progress.currentPhase - 2]?.metrics);
  if (!known) return nothing;
  const outOf = (done: number | null, total: number | null, say: Format): string | null =>
    done === null || total === null
      ? optional(done ?? total, say)
      : translate('doneOf', { done: say(done), total: say(total) });
  const rate = job.state === 'running' ? known.itemsPerSecond : null;
  return list('metrics', [
    metric(translate('items'), outOf(known.itemsProcessed, known.itemsTotal, format.number)),
    failures(known.itemsFailed, translate, format.number),
    metric(translate('data'), outOf(known.bytesProcessed, known.bytesTotal, format.bytes)),
    ...known.counters.map(({ label, value, unit }) =>
      metric(
        text(label),
        unit === 'bytes' ? format.bytes(value) : [format.number(value), unit].filter(Boolean).join(' '),
      ),
    ),
    // last, since it comes late and goes: the others stay where they are
    metric(
      translate('rate'),
      optional(rate, (value) => translate('perSecond', { rate: format.number(value) })),
    ),
  ]);
}

/** Counts of the result. */
export function resultFacts({ job, translate, format }: Scene): Drawn {
  const result = job.progress?.result;
  if (!result) return nothing;
  return list('metrics result', [
    metric(translate('items'), optional(result.itemsProcessed, format.number)),
    failures(result.itemsFailed, translate, format.number),
    metric(translate('data'), optional(result.bytesProcessed, format.bytes)),
    metric(translate('duration'), format.took(result.durationMs)),
  ]);
}

function optional(value: number | null, say: Format): string | null {
  return value === null ? null : say(value);
}

function failures(count: number | null, translate: (key: MessageKey) => string, say: Format): Drawn {
  return metric(translate('failedItems'), count ? say(count) : null, 'bad');
}

function metric(label: string, value: string | null, look = ''): Drawn {
  if (value === null) return nothing;
  return html`<div class="metric ${look}" part="metric">
    <dt part="metric-label">${label}</dt>
    <dd part="metric-value">${value}</dd>
  </div>`;
}

function list(part: string, found: readonly Drawn[]): Drawn {
  return found.every((each) => each === nothing)
    ? nothing
    : html`<dl class="metrics" part=${part}>${found}</dl>`;
}
