import { describe, expect, it } from 'vitest';
import { createIngestionClient } from '../../widget/client/client.js';
import { createConnection } from '../../widget/client/connection.js';
import { readAddresses } from '../../widget/client/options.js';
import type { ConnectionOptions, IngestionClientOptions } from '../../widget/client/types.js';
import { createManualEnvironment } from './support/manual-environment.js';
import { record } from './support/states.js';

const addressesFrom = (page: string | null, options: ConnectionOptions = {}) =>
  readAddresses(options, createManualEnvironment({ pageUrl: () => page }));
const clientOf = (
  options: Partial<IngestionClientOptions> & ConnectionOptions,
  page = 'https://host.example/a/b',
) => {
  const environment = createManualEnvironment({ pageUrl: () => page });
  const connection = createConnection(options, { environment });
  return { environment, client: createIngestionClient({ projectId: 'p1', ...options, connection }) };
};

describe('An endpoint', () => {
  it.each([
    [undefined, 'https://host.example/graphql', 'wss://host.example/graphql'],
    ['/api/graphql', 'https://host.example/api/graphql', 'wss://host.example/api/graphql'],
    ['graphql', 'https://host.example/a/graphql', 'wss://host.example/a/graphql'],
    ['//cdn.example/g#x', 'https://cdn.example/g', 'wss://cdn.example/g'],
    [
      'https://api.example:8443/g?tenant=1',
      'https://api.example:8443/g?tenant=1',
      'wss://api.example:8443/g?tenant=1',
    ],
    ['http://localhost:4000/graphql', 'http://localhost:4000/graphql', 'ws://localhost:4000/graphql'],
  ])('%s is resolved against the page', (endpoint, httpUrl, wsUrl) => {
    expect(addressesFrom('https://host.example/a/b', { endpoint })).toEqual({ httpUrl, wsUrl, error: null });
  });

  it('may have another address for its WebSocket', () => {
    const options = { endpoint: 'https://api.example/graphql', wsEndpoint: 'wss://live.example/ws' };
    expect(addressesFrom(null, options)).toMatchObject({ wsUrl: 'wss://live.example/ws' });
  });

  it.each([
    ['ftp://host.example/x', 'ENDPOINT_INVALID'],
    ['javascript:alert(1)', 'ENDPOINT_INVALID'],
    ['https://', 'ENDPOINT_INVALID'],
    ['ws://host.example/graphql', 'ENDPOINT_INVALID'],
    ['http://api.example/graphql', 'MIXED_CONTENT'],
  ])('%s is an error that says how to fix it, and opens nothing', async (endpoint, code) => {
    const { environment, client } = clientOf({ endpoint });
    const { connection } = client.getSnapshot();
    expect(connection).toMatchObject({ state: 'error', error: { code } });
    expect(connection).toHaveProperty(
      'error.message',
      expect.stringMatching(/must be|Serve the endpoint over https/),
    );
    const { seen } = record(client);
    client.reconnect();
    await environment.advance(100_000);
    expect(seen).toEqual(['error']);
    expect(environment.timerCount).toBe(0);
  });

  it('relative to no page at all is an error, not an exception', () => {
    expect(addressesFrom(null, { endpoint: '/graphql' })).toMatchObject({
      error: { code: 'ENDPOINT_INVALID' },
    });
  });
});

describe('An id', () => {
  it.each(['a\nb', 'a\u202eb', 'a\ud800', '.', '..', 'x'.repeat(201), 7 as unknown as string])(
    '%j is an error',
    (projectId) => {
      const { client } = clientOf({ projectId, endpoint: 'https://api.example/graphql' });
      expect(client.getSnapshot().connection).toMatchObject({
        state: 'error',
        error: { code: 'PROJECT_ID_INVALID' },
      });
    },
  );

  it.each(['s3://bucket/a b', '2026-01-01T00:00:00+00:00', 'ä', 'x'.repeat(200), '...'])(
    '%j is one, as people have them',
    (projectId) => {
      const { client } = clientOf({ projectId, endpoint: 'https://api.example/graphql' });
      expect(client.getSnapshot().connection).toEqual({ state: 'idle' });
    },
  );

  it('that is empty is missing', () => {
    const { client } = clientOf({ projectId: '', endpoint: 'https://api.example/graphql' });
    expect(client.getSnapshot().connection).toMatchObject({ error: { code: 'PROJECT_ID_MISSING' } });
  });

  it('of an ingestion too', () => {
    const { client } = clientOf({ ingestionId: 'no\u0000good', endpoint: 'https://api.example/graphql' });
    expect(client.getSnapshot().connection).toMatchObject({ error: { code: 'INGESTION_ID_INVALID' } });
  });
});

describe('An invalid option', () => {
  it.each([
    [{ transport: 'carrier-pigeon' as 'auto' }, /transport must be one of/],
    [{ jitter: 2 }, /jitter must be from 0 to 1/],
    [{ jitter: Number.NaN }, /jitter/],
    [{ maxAttempts: 0 }, /maxAttempts must be a positive integer/],
    [{ maxAttempts: 1.5 }, /maxAttempts/],
    [{ pollIntervalMs: 5 }, /pollIntervalMs must be at least 100/],
    [{ pollIntervalMs: Infinity }, /pollIntervalMs/],
  ])('%j throws a sentence', (options, sentence) => {
    expect(() => clientOf({ endpoint: 'https://api.example/graphql', ...options })).toThrow(sentence);
  });

  it('such as a connection of another make, too', () => {
    const connection = { endpoint: 'x', dispose: () => undefined };
    expect(() => createIngestionClient({ projectId: 'p1', connection })).toThrow(/createConnection/);
  });
});
