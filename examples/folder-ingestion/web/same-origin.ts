/**
 * Lets only the demo's own page make it read the disk. A page of another origin is detected by its `Origin`; one that has
 * pointed its own name to this address (DNS rebinding), by its `Host`.
 */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/** Whether a request is for this server and, if it changes something, comes from this server's page. */
export type IsOwnPage = (request: IncomingMessage) => boolean;

/** Names of this machine that no other page can use. */
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const ALL_INTERFACES = new Set(['0.0.0.0', '::']);

/** @param publicUrl The public address of the server; known when it listens. */
export function createSameOrigin(host: string, publicUrl: () => string): IsOwnPage {
  return ({ method, headers }) => {
    const url = new URL(publicUrl());
    const port = url.port === '' ? '' : `:${url.port}`;
    const names = ALL_INTERFACES.has(host) ? LOOPBACK : [...LOOPBACK, isIPv6(host) ? `[${host}]` : host];
    const hosts = new Set([url.host, ...names.map((name) => `${name}${port}`)]);
    const requestedHost = headers.host?.toLowerCase();
    if (requestedHost === undefined || !hosts.has(requestedHost)) return false;
    if (method === 'GET' || method === 'HEAD') return true;
    const origin = headers.origin;
    return origin !== undefined && URL.canParse(origin) && new URL(origin).host === requestedHost;
  };
}
