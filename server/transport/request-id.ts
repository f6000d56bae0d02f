/** The id that a request brings along, so that its lines in our log are found by those of whoever sent it. */
import type { IncomingHttpHeaders } from 'node:http';

/** Ids as proxies and clients make them, and too short for a token: nobody gets one into the log by this way. */
const ID = /^[A-Za-z0-9._:+/=-]{1,64}$/;
/** W3C Trace Context: version, trace, parent, flags. */
const TRACE = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

/** `X-Request-Id`, else the trace of `traceparent`; null where neither is there and fit for a log. */
export function requestIdOf(headers: IncomingHttpHeaders): string | null {
  const { 'x-request-id': id, traceparent } = headers;
  if (typeof id === 'string' && ID.test(id)) return id;
  return typeof traceparent === 'string' ? (TRACE.exec(traceparent)?.[1] ?? null) : null;
}
