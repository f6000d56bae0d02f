/**
 * How long calls took, as a Prometheus histogram with labels: counted in plain numbers, since there is one at every
 * event, and put into words at each scrape. Knows neither stores nor buses.
 */

/** Durations by dependency and operation. */
export interface CallTimes {
  observe(dependency: string, operation: string, seconds: number): void;
  /** Prometheus text, with a line break at its end. */
  render(): string;
}

interface Times {
  /** Calls by the first bound that they did not exceed; the last of these is for those beyond all bounds. */
  readonly counts: number[];
  sum: number;
}

/** Creates the histogram of a metric; `bounds` are in seconds, ascending. */
export function createCallTimes(name: string, help: string, bounds: readonly number[]): CallTimes {
  const byLabels = new Map<string, Times>();

  function linesOf(labels: string, { counts, sum }: Times): string[] {
    let total = 0;
    const buckets = counts.map((count, place) => {
      total += count;
      return `${name}_bucket{le="${bounds[place] ?? '+Inf'}",${labels}} ${total}`;
    });
    return [...buckets, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${total}`];
  }

  return {
    observe: (dependency, operation, seconds) => {
      const labels = `dependency="${dependency}",operation="${operation}"`;
      let times = byLabels.get(labels);
      if (times === undefined) {
        times = { counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 };
        byLabels.set(labels, times);
      }
      let place = 0;
      while (place < bounds.length && seconds > (bounds[place] ?? 0)) place += 1;
      times.counts[place] = (times.counts[place] ?? 0) + 1;
      times.sum += seconds;
    },
    render: () =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} histogram`,
        ...[...byLabels].flatMap(([labels, times]) => linesOf(labels, times)),
        '',
      ].join('\n'),
  };
}
