/** Which web pages may ask: one list for CORS and for WebSocket upgrades. */
import type { IncomingMessage } from 'node:http';

/** Tells whether the page that sent a request may; a request without `Origin` comes from no page, and may. */
export type MayAsk = (request: IncomingMessage) => boolean;

/**
 * @param allowed Origins such as `https://app.example.com`, or `*`; the server's own always may.
 * @param publicUrl Where the server is reached from outside.
 */
export function createOriginCheck(allowed: readonly string[], publicUrl: () => string): MayAsk {
  const list = new Set(allowed.map((origin) => origin.replace(/\/$/, '').toLowerCase()));
  return ({ headers }) => {
    const origin = headers.origin?.toLowerCase();
    if (origin === undefined || list.has('*') || list.has(origin)) return true;
    if (!URL.canParse(origin)) return false;
    return new URL(origin).host === headers.host?.toLowerCase() || origin === new URL(publicUrl()).origin;
  };
}
