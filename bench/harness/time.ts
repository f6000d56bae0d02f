/** The clock that all processes of a machine share, and a pause. */

/** Milliseconds on the machine's monotonic clock; comparable between processes on Linux and macOS. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Resolves after so many milliseconds. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Resolves once `done` says so, asked every 10 ms; rejects at the deadline with what is missing. */
export async function until(
  done: () => boolean | Promise<boolean>,
  deadlineMs: number,
  missing: () => string | Promise<string>,
): Promise<void> {
  const deadline = sharedNow() + deadlineMs;
  while (!(await done())) {
    if (sharedNow() > deadline) throw new Error(await missing());
    await pause(10);
  }
}
