/** HTTP responses: JSON, errors with a code, and conditional requests. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ProgressError } from '../shared/errors.js';
import type { ErrorCode } from '../shared/errors.js';
import { httpStatusOf } from '../graphql/error-mask.js';

/** Headers of a response. */
export type Headers = Readonly<Record<string, string>>;

/** Sends a response, unless one has begun already. */
export function send(response: ServerResponse, status: number, body: string, headers: Headers = {}): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    Vary: 'Origin',
    ...headers,
  });
  response.end(body);
}

/**
 * Runs a task once when a response is over: sent, or its client is gone. A response that waits behind others of its
 * connection (pipelining) is not told that the connection is closed, so the socket is asked too.
 */
export function onceOver({ socket }: IncomingMessage, response: ServerResponse, task: () => void): void {
  const end = () => {
    response.off('close', end);
    socket.off('close', end);
    task();
  };
  response.once('close', end);
  socket.once('close', end);
  if (response.destroyed || socket.destroyed) end();
}

/** Headers that go with a code: when to retry, and how to authenticate. */
export function errorHeaders(code: ErrorCode): Headers {
  if (code === 'RATE_LIMITED') return { 'Retry-After': '60' };
  if (code === 'UNAVAILABLE') return { 'Retry-After': '2' };
  return code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED' ? { 'WWW-Authenticate': 'Bearer' } : {};
}

/** The error that a client receives. */
export function publicErrorOf(error: unknown): ProgressError {
  if (error instanceof ProgressError) return error;
  return new ProgressError('INTERNAL_SERVER_ERROR', 'Something went wrong on the server.');
}

/** Sends an error of the REST paths; `status` defaults to the code's own. */
export function sendError(
  response: ServerResponse,
  { code, message }: Pick<ProgressError, 'code' | 'message'>,
  status: number = httpStatusOf(code),
  headers: Headers = {},
): void {
  send(response, status, JSON.stringify({ error: { code, message } }), { ...errorHeaders(code), ...headers });
}

/** Sends the error of a whole GraphQL request. */
export function sendGraphqlError(
  response: ServerResponse,
  { code, message }: Pick<ProgressError, 'code' | 'message'>,
  status: number = httpStatusOf(code),
  headers: Headers = {},
): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  send(response, status, body, { ...errorHeaders(code), ...headers });
}

/** Whether the client has this state already; RFC 9110, 13.1.2, by weak comparison. */
export function isNotModified(request: IncomingMessage, etag: string): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  if (header === etag) return true;
  return header.split(',').some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag);
}
