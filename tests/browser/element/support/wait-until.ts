/** Waits for a condition, checked once a frame. */

const PATIENCE_MS = 8000;

/** Resolves once `isSo` holds; rejects with the description of the condition. */
export async function waitUntil(isSo: () => boolean, what = isSo.toString()): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > giveUpAt) throw new Error(`Waited in vain until ${what}`);
    await new Promise(requestAnimationFrame);
  }
}
