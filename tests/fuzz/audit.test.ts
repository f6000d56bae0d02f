/** The audit suite of GraphQL over HTTP, by its authors, against the server as it stands. */
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OWN_TOKEN, startTarget } from './target.js';
import type { Target } from './target.js';

let target: Target;
beforeAll(async () => {
  // Four audits ask for a type by its name.
  target = await startTarget({ INTROSPECTION: 'true' });
});
afterAll(() => target.stop());

const audits = serverAudits({
  url: () => `${target.server.url}/graphql`,
  fetchFn: (input: string, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    headers.set('Authorization', `Bearer ${OWN_TOKEN}`);
    return fetch(input, { ...init, headers });
  },
});

describe('GraphQL over HTTP', () => {
  test('the suite is there, and whole', () => {
    expect(audits.length).toBeGreaterThanOrEqual(61);
  });

  for (const audit of audits) {
    test(`${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn();
      expect(result.status, 'reason' in result ? result.reason : '').toBe('ok');
    });
  }
});
