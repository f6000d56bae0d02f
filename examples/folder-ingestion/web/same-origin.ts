/**
 * Who may ask the demo to read a disk: its own page alone. A page of another origin is told by its `Origin`; one that has
 * bent its own name to this address (DNS rebinding), by its `Host`.
 */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/** Whether a request was sent to this server by name, and, where it changes something, by this server's page. */
export type IsOwnPage = (request: IncomingMessage) => boolean;

/** Names of this machine that no other page can take. */
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const EVERY_INTERFACE = new Set(['0.0.0.0', '::']);

/** @param publicUrl Where the server is reached; known once it listens. */
export function createSameOrigin(host: string, publicUrl: () => string): IsOwnPage {
  return ({ method, headers }) => {
    const url = new URL(publicUrl());
    const port = url.port === '' ? '' : `:${url.port}`;
    const names = EVERY_INTERFACE.has(host) ? LOOPBACK : [...LOOPBACK, isIPv6(host) ? `[${host}]` : host];
    const hosts = new Set([url.host, ...names.map((name) => `${name}${port}`)]);
    const asked = headers.host?.toLowerCase();
    if (asked === undefined || !hosts.has(asked)) return false;
    if (method === 'GET' || method === 'HEAD') return true;
    const origin = headers.origin;
    return origin !== undefined && URL.canParse(origin) && new URL(origin).host === asked;
  };
}
