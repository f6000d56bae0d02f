/** Waits for a fact of the page, looked at once a frame. */

const PATIENCE_MS = 8000;

/** Resolves when `isSo` first holds; rejects with what was waited for. */
export async function waitUntil(isSo: () => boolean, what = isSo.toString()): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > giveUpAt) throw new Error(`Waited in vain until ${what}`);
    await new Promise(requestAnimationFrame);
  }
}
