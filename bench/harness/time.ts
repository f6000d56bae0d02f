/** A clock that all processes of a machine share, and waiting. */

/** Milliseconds on the machine's monotonic clock; comparable between processes on Linux and macOS. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Resolves after a delay in milliseconds. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Polls `done` every 10 ms until it returns true; rejects with what is missing after the timeout. */
export async function until(
  done: () => boolean | Promise<boolean>,
  timeoutMs: number,
  missing: () => string | Promise<string>,
): Promise<void> {
  const deadline = sharedNow() + timeoutMs;
  while (!(await done())) {
    if (sharedNow() > deadline) throw new Error(await missing());
    await pause(10);
  }
}
