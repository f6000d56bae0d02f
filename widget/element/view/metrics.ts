/** The counts: of the phase at hand while it runs, of the result once there is one. Only what is known is shown. */
import { html, nothing, type TemplateResult } from 'lit';
import type { PhaseMetrics } from '../../client/index.js';
import type { Scene } from './scene.js';

interface Metric {
  readonly label: string;
  readonly value: string;
  readonly isBad?: boolean;
}

/** Counts of the running phase. */
export function metrics(scene: Scene): TemplateResult | typeof nothing {
  const known = scene.job.phase?.metrics ?? null;
  return known === null ? nothing : list(ofPhase(known, scene), 'metrics');
}

/** Counts of the result. */
export function resultFacts(scene: Scene): TemplateResult | typeof nothing {
  return list(ofResult(scene), 'metrics result');
}

function list(found: readonly Metric[], part: string): TemplateResult | typeof nothing {
  if (found.length === 0) return nothing;
  return html`<dl class="metrics" part=${part}>
    ${found.map(
      ({ label, value, isBad = false }) =>
        html`<div class="metric ${isBad ? 'bad' : ''}" part="metric">
          <dt part="metric-label">${label}</dt>
          <dd part="metric-value">${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function ofPhase(metrics: PhaseMetrics, { translate, format, job, text }: Scene): Metric[] {
  const outOf = (
    done: number | null,
    total: number | null,
    say: (value: number) => string,
  ): string | null => {
    if (done === null) return total === null ? null : say(total);
    return total === null ? say(done) : translate('doneOf', { done: say(done), total: say(total) });
  };
  const items = outOf(metrics.itemsProcessed, metrics.itemsTotal, format.number);
  const bytes = outOf(metrics.bytesProcessed, metrics.bytesTotal, format.bytes);
  const isLive = job.state === 'running';
  return [
    ...(items === null ? [] : [{ label: translate('items'), value: items }]),
    ...failures(metrics.itemsFailed, translate, format),
    ...(bytes === null ? [] : [{ label: translate('data'), value: bytes }]),
    ...(metrics.itemsPerSecond === null || !isLive
      ? []
      : [
          {
            label: translate('rate'),
            value: translate('perSecond', { rate: format.number(metrics.itemsPerSecond) }),
          },
        ]),
    ...metrics.counters.map(({ label, value, unit }) => ({
      label: text(label),
      value: counterValue(value, unit, format),
    })),
  ];
}

function ofResult({ job, translate, format }: Scene): Metric[] {
  const result = job.progress?.result ?? null;
  if (result === null) return [];
  return [
    ...(result.itemsProcessed === null
      ? []
      : [{ label: translate('items'), value: format.number(result.itemsProcessed) }]),
    ...failures(result.itemsFailed, translate, format),
    ...(result.bytesProcessed === null
      ? []
      : [{ label: translate('data'), value: format.bytes(result.bytesProcessed) }]),
    { label: translate('duration'), value: format.took(result.durationMs) },
  ];
}

function failures(
  count: number | null,
  translate: Scene['translate'],
  format: Scene['format'],
): readonly Metric[] {
  if (count === null || count === 0) return [];
  return [{ label: translate('failedItems'), value: format.number(count), isBad: true }];
}

function counterValue(value: number, unit: string | null, format: Scene['format']): string {
  if (unit === 'bytes') return format.bytes(value);
  return unit === null ? format.number(value) : `${format.number(value)} ${unit}`;
}
