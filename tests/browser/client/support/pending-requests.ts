/**
 * Tracks a page's pending requests, so that a fake clock does not outrun the network: with a second passing in a millisecond, a
 * timeout of ten seconds would expire before a busy machine responds.
 */
import type { Page } from 'playwright-core';

declare global {
  interface Window {
    /** Resolves once all requests since the last `forgetRequests` have settled. */
    requestsSettled(): Promise<void>;
    /** Stops waiting for pending requests: the test's faults delay or drop their responses. */
    forgetRequests(): void;
  }
}

/** A response that takes longer than this in real time is assumed to be held back by a fault; ms. */
const MAX_WAIT_MS = 500;

/** Starts tracking, in every document of the page. */
export async function trackRequests(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const pending = new Set<object>();
    let waiting: (() => void)[] = [];
    const begin = (): (() => void) => {
      const request = {};
      pending.add(request);
      return () => {
        pending.delete(request);
        if (pending.size > 0) return;
        for (const go of waiting) go();
        waiting = [];
      };
    };
    window.requestsSettled = () =>
      new Promise((resolve) => {
        if (pending.size === 0) resolve();
        else waiting.push(resolve);
      });
    window.forgetRequests = () => {
      pending.clear();
    };

    const realFetch = window.fetch.bind(window);
    window.fetch = async (...asked) => {
      const settle = begin();
      try {
        const response = await realFetch(...asked);
        await response.clone().arrayBuffer();
        return response;
      } finally {
        settle();
      }
    };
    window.WebSocket = class extends WebSocket {
      #settle = begin();
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        for (const name of ['open', 'message', 'close', 'error']) {
          this.addEventListener(name, () => {
            this.#settle();
          });
        }
      }
      override send(data: string): void {
        this.#settle();
        // Each message of our client has a response: init an ack, a subscription its snapshot, a ping a pong.
        if (!data.includes('"complete"')) this.#settle = begin();
        super.send(data);
      }
    };
  });
}

/** Waits until the page's requests have settled or are held back by a fault. */
export async function waitForRequests(page: Page): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, MAX_WAIT_MS, 'late');
  });
  const first = await Promise.race([page.evaluate(() => window.requestsSettled()), timeout]);
  clearTimeout(timer);
  if (first === 'late') {
    await page.evaluate(() => {
      window.forgetRequests();
    });
  }
}
