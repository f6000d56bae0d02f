/** Kind 10: an access rule of a host's own that fails just as a token is refreshed to fewer projects. */
import { expect, test } from 'vitest';
import { tokenAccess } from '@ingestion-progress/server';
import type { AccessPolicy } from '@ingestion-progress/server';
import { startTestServer, tokenFor } from '../../integration/support/running-server.js';
import { connectStock, watchStock } from '../../integration/support/stock-client.js';

test.each([
  ['fails', () => Promise.reject(new Error('The rule’s database is away.'))],
  ['does not answer', () => new Promise<never>(() => undefined)],
])('a project that the fresh token lacks is FORBIDDEN at once, although the rule %s', async (_, answer) => {
  let isBroken = false;
  const access: AccessPolicy = {
    allows: (viewer, projectId, scope) =>
      isBroken ? answer() : tokenAccess.allows(viewer, projectId, scope),
  };
  const running = await startTestServer({ access });
  const stock = connectStock(running.wsUrl, { token: tokenFor({ projects: ['p1', 'p2'] }) });
  const kept = watchStock(stock, 'p1', { follow: true });
  const lost = watchStock(stock, 'p2', { follow: true });
  await Promise.all([kept.events.next(), lost.events.next()]);
  isBroken = true;
  stock.client.subscribe(
    {
      query: 'mutation ($token: String!) { refreshToken(token: $token) { expiresAt } }',
      variables: { token: tokenFor({ projects: ['p1'] }) },
    },
    { next: () => undefined, error: () => undefined, complete: () => undefined },
  );
  let outcome: unknown = 'still open';
  void lost.ended.then((codes) => (outcome = codes));
  await expect.poll(() => outcome, { timeout: 3_000 }).toEqual(['FORBIDDEN']);
});
