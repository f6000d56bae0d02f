/** Kind 7: paths that a proxy takes for others, and who may see metrics. `kept-connections.test.ts` has the rest. */
import { expect, onTestFinished, test } from 'vitest';
import { startNginx } from '../../deployment/nginx.js';
import { freePort } from '../../support/daemon.js';
import { ask, keptConnections } from '../wire.js';
import { startAttacked } from './support.js';

const METRIC = 'ingestion_progress_connections';
const PROXY = { TRUSTED_PROXIES: '127.0.0.1' };

test('a path counts as it is written', async () => {
  const { port } = await startAttacked();
  for (const path of [
    '//x/metrics',
    '/x/../metrics',
    '/./metrics',
    '/metrics/../metrics',
    '//x/readyz',
    '/\\x/metrics',
  ]) {
    const { status, text } = await ask({ port, address: '127.7.0.1', path });
    expect(text, path).not.toContain(METRIC);
    expect(status, path).toBe(404);
  }
});

test('nginx, as it is shown, gives metrics away by no spelling of their path', async () => {
  const { port } = await startAttacked(PROXY);
  const nginx = await startNginx([port, port]);
  onTestFinished(() => nginx.dispose());
  for (const path of [
    '//x/metrics',
    '/x/../metrics',
    '/%6detrics',
    '/;/metrics',
    '/metrics%20',
    '/metrics?x',
  ]) {
    const { text } = await ask({ port: nginx.port, address: '127.7.0.1', path });
    expect(text, path).not.toContain(METRIC);
  }
});

test('/metrics answers loopback, and nobody for whom a proxy asks', async () => {
  const { port } = await startAttacked(PROXY);
  const from = (forwarded?: string) =>
    ask({
      ...{ port, address: '127.0.0.1', path: '/metrics' },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    });
  expect((await from()).text).toContain(METRIC);
  const other = await from('203.0.113.9');
  expect([403, 404]).toContain(other.status);
  expect(other.text).not.toContain(METRIC);
});

test('/metrics does not take a proxy on this machine, which nobody trusts, for loopback', async () => {
  const { port } = await startAttacked();
  const headers = { 'x-forwarded-for': '203.0.113.9' };
  const { text } = await ask({ port, address: '127.0.0.1', path: '/metrics', headers });
  expect(text).not.toContain(METRIC);
});

test('METRICS_ALLOW names who else may see them', async () => {
  const { port } = await startAttacked({ ...PROXY, METRICS_ALLOW: '203.0.113.0/24, 2001:db8::/32' });
  const from = async (forwarded: string) => {
    const headers = { 'x-forwarded-for': forwarded };
    return (await ask({ port, address: '127.0.0.1', path: '/metrics', headers })).text.includes(METRIC);
  };
  expect(await from('203.0.113.9')).toBe(true);
  expect(await from('2001:db8::9')).toBe(true);
  expect(await from('198.51.100.9')).toBe(false);
});

test('METRICS_PORT gives them a listener of their own, and the main port has none', async () => {
  const own = await freePort();
  const { port } = await startAttacked({ METRICS_PORT: String(own) });
  const at = (place: number) => ask({ port: place, address: '127.0.0.1', path: '/metrics' });
  expect((await at(own)).text).toContain(METRIC);
  expect((await at(port)).status).toBe(404);
  expect((await ask({ port: own, address: '127.0.0.1', path: '/graphql?query={serverTime}' })).status).toBe(
    404,
  );
});

test('KEEP_ALIVE_MS is how long', async () => {
  const { port } = await startAttacked({ KEEP_ALIVE_MS: '30000' });
  const agent = keptConnections('127.7.0.3');
  onTestFinished(() => agent.destroy());
  const { headers } = await ask({ port, address: '', agent, path: '/healthz' });
  expect(headers['keep-alive']).toBe('timeout=30');
});
