/** Where a request comes from: client address, request id, and the origin of the page that sent it. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ClientAddress } from '../auth/client-address.js';

/** Ids as proxies and clients make them; too short for a token, so that none gets into the log this way. */
const ID = /^[A-Za-z0-9._:+/=-]{1,64}$/;
/** W3C Trace Context: version, trace, parent, flags. */
const TRACE = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

/** `X-Request-Id`, else the trace id of `traceparent`; null if neither is present and fit for a log. */
export function requestIdOf(headers: IncomingHttpHeaders): string | null {
  const { 'x-request-id': id, traceparent } = headers;
  if (typeof id === 'string' && ID.test(id)) return id;
  return typeof traceparent === 'string' ? (TRACE.exec(traceparent)?.[1] ?? null) : null;
}

/** The path of a request as it was written: what a proxy guards is not found under another spelling. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/** The address of the client that sent a request. */
export function addressOf({ headers, socket }: IncomingMessage, clientAddress: ClientAddress): string {
  const forwarded = headers['x-forwarded-for'];
  return clientAddress(socket.remoteAddress, Array.isArray(forwarded) ? forwarded.join() : forwarded);
}

/** Whether the page that sent a request is allowed to; a request without `Origin` comes from no page and is allowed. */
export type IsOriginAllowed = (request: IncomingMessage) => boolean;

/**
 * One check for CORS and for WebSocket upgrades.
 *
 * @param allowed Origins such as `https://app.example.com`, or `*`; the server's own origin is always allowed.
 * @param publicUrl Where the server is reached from outside.
 */
export function createOriginCheck(allowed: readonly string[], publicUrl: () => string): IsOriginAllowed {
  const list = new Set(allowed.map((origin) => origin.replace(/\/$/, '').toLowerCase()));
  return ({ headers }) => {
    const origin = headers.origin?.toLowerCase();
    if (origin === undefined || list.has('*') || list.has(origin)) return true;
    if (!URL.canParse(origin)) return false;
    return new URL(origin).host === headers.host?.toLowerCase() || origin === new URL(publicUrl()).origin;
  };
}
