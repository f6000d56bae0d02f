/**
 * The page for Web Awesome's progress bar: one plain WebSocket for all bars, each updated by its project's events. Runs in the
 * browser, bundled.
 */
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import type WaProgressBar from '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';

/** The part of an event that the bar shows. */
interface ProgressMessage {
  readonly progress: { readonly projectId: string; readonly progressPercent: number | null };
}

const bars = new Map<string, WaProgressBar>();
for (const bar of document.querySelectorAll('wa-progress-bar')) bars.set(bar.dataset['project'] ?? '', bar);

const socket = new WebSocket(document.body.dataset['feed'] ?? '');
socket.addEventListener('message', ({ data }) => {
  const { progress } = JSON.parse(String(data)) as ProgressMessage;
  const bar = bars.get(progress.projectId);
  if (bar === undefined) return;
  const percent = progress.progressPercent ?? 0;
  bar.value = percent;
  bar.textContent = `${percent.toFixed(1)}%`;
});
