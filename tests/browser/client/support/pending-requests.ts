/**
 * What a page has under way on the network, so that a clock under a test's hand does not outrun it: with each second
 * passed in a millisecond, a deadline of ten seconds would be over before a busy machine had answered.
 */
import type { Page } from 'playwright-core';

declare global {
  interface Window {
    /** Resolves once nothing that began since the last `forgetFlights` is without its answer. */
    landed(): Promise<void>;
    /** What is under way by now is not waited for any more: the test's faults answer it late or never. */
    forgetFlights(): void;
  }
}

/** How long an answer may take in real time before it is taken for one that a fault holds back; ms. */
const PATIENCE_MS = 500;

/** Counts from now on, on every document of the page. */
export async function countFlights(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const flights = new Set<object>();
    let waiting: (() => void)[] = [];
    const depart = (): (() => void) => {
      const flight = {};
      flights.add(flight);
      return () => {
        flights.delete(flight);
        if (flights.size > 0) return;
        for (const go of waiting) go();
        waiting = [];
      };
    };
    window.landed = () =>
      new Promise((resolve) => {
        if (flights.size === 0) resolve();
        else waiting.push(resolve);
      });
    window.forgetFlights = () => {
      flights.clear();
    };

    const fetchForReal = window.fetch.bind(window);
    window.fetch = async (...asked) => {
      const land = depart();
      try {
        const response = await fetchForReal(...asked);
        await response.clone().arrayBuffer();
        return response;
      } finally {
        land();
      }
    };
    window.WebSocket = class extends WebSocket {
      #land = depart();
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        for (const name of ['open', 'message', 'close', 'error']) {
          this.addEventListener(name, () => {
            this.#land();
          });
        }
      }
      override send(data: string): void {
        this.#land();
        // Whatever our client says is answered: the greeting by the ack, a subscription by its snapshot, a ping by a pong.
        if (!data.includes('"complete"')) this.#land = depart();
        super.send(data);
      }
    };
  });
}

/** Waits until the page's network has answered what it was asked, or is held back by a fault. */
export async function landFlights(page: Page): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const impatient = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, 'late');
  });
  const first = await Promise.race([page.evaluate(() => window.landed()), impatient]);
  clearTimeout(timer);
  if (first === 'late') {
    await page.evaluate(() => {
      window.forgetFlights();
    });
  }
}
