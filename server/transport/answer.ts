/** Small answers over HTTP: JSON, errors with a code, and what is not modified. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ProgressError } from '../shared/errors.js';
import type { ErrorCode } from '../shared/errors.js';
import { httpStatusOf } from '../graphql/error-mask.js';

/** Headers of an answer. */
export type Headers = Readonly<Record<string, string>>;

/** Answers, unless that has begun already. */
export function answer(response: ServerResponse, status: number, body: string, headers: Headers = {}): void {
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

/** Headers that go with a code: when to come back, and how to be known. */
export function headersOf(code: ErrorCode): Headers {
  if (code === 'RATE_LIMITED') return { 'Retry-After': '60' };
  if (code === 'UNAVAILABLE') return { 'Retry-After': '2' };
  return code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED' ? { 'WWW-Authenticate': 'Bearer' } : {};
}

/** What a client may be told of an error. */
export function tellable(error: unknown): ProgressError {
  if (error instanceof ProgressError) return error;
  return new ProgressError('INTERNAL_SERVER_ERROR', 'Something went wrong on the server.');
}

/** An error of the REST paths; `status` where the code's own is not the one. */
export function answerError(
  response: ServerResponse,
  { code, message }: Pick<ProgressError, 'code' | 'message'>,
  status: number = httpStatusOf(code),
  headers: Headers = {},
): void {
  answer(response, status, JSON.stringify({ error: { code, message } }), { ...headersOf(code), ...headers });
}

/** An error of a whole GraphQL request. */
export function answerGraphqlError(
  response: ServerResponse,
  { code, message }: Pick<ProgressError, 'code' | 'message'>,
  status: number = httpStatusOf(code),
  headers: Headers = {},
): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  answer(response, status, body, { ...headersOf(code), ...headers });
}

/** Whether the client has this very state; RFC 9110, 13.1.2, by weak comparison. */
export function isNotModified(request: IncomingMessage, etag: string): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  if (header === etag) return true;
  return header.split(',').some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag);
}
