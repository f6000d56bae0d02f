/** Records what the progress bar of a page shows, frame by frame. */
import type { Page } from 'playwright-core';

export interface BarRecord {
  /** Each value of the bar, in order, without unknown ones. */
  readonly percents: readonly number[];
  /** Each status of the element, in order. */
  readonly statuses: readonly string[];
}

/** Starts recording at every frame. */
export async function recordBar(page: Page): Promise<{ stop(): Promise<BarRecord> }> {
  const recording = await page.evaluateHandle(() => {
    const record = { percents: [] as number[], statuses: [] as string[], isOver: false };
    const element = document.querySelector('ingestion-progress') as
      (HTMLElement & { progress: { status: string } | null }) | null;
    const sample = (): void => {
      const bar = element?.shadowRoot?.querySelector('[role=progressbar]');
      const now = bar?.getAttribute('aria-valuenow');
      if (now !== null && now !== undefined && Number(now) !== record.percents.at(-1))
        record.percents.push(Number(now));
      const status = element?.progress?.status;
      if (status !== undefined && status !== record.statuses.at(-1)) record.statuses.push(status);
      if (!record.isOver) requestAnimationFrame(sample);
    };
    sample();
    return record;
  });
  return {
    stop: () =>
      recording.evaluate((record) => {
        record.isOver = true;
        return { percents: record.percents, statuses: record.statuses };
      }),
  };
}
