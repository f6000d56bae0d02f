/** Tasks of a page's main thread, read from Chromium's trace, with the duration of each. */

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** µs. */
  readonly dur?: number;
  readonly args?: { readonly name?: string };
}

/** Task durations, in ms, of the busiest main thread: the page's, not those of empty tabs. */
export function mainThreadTasksMs(trace: string): readonly number[] {
  const { traceEvents } = JSON.parse(trace) as { readonly traceEvents: readonly TraceEvent[] };
  const threadOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
  const mains = new Map<string, number[]>();
  for (const event of traceEvents) {
    const isMain = event.name === 'thread_name' && event.args?.name === 'CrRendererMain';
    if (isMain) mains.set(threadOf(event), []);
  }
  for (const event of traceEvents) {
    if (event.ph !== 'X' || event.name !== 'RunTask') continue;
    mains.get(threadOf(event))?.push((event.dur ?? 0) / 1000);
  }
  const worked = (tasks: readonly number[]): number => tasks.reduce((sum, ms) => sum + ms, 0);
  return [...mains.values()].sort((a, b) => worked(b) - worked(a))[0] ?? [];
}
