/** GraphiQL, the one page of the server: there only where asked for, and with strict headers. */
import { describe, expect, it } from 'vitest';
import { startTestServer } from './support/running-server.js';

const asBrowser = { accept: 'text/html' };

describe('GraphiQL', () => {
  it('is not there unless asked for', async () => {
    const { get } = await startTestServer();
    const response = await get('/graphql', null, asBrowser);
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('may be framed by nobody, where asked for, and needs a token for whatever it asks', async () => {
    const { get, graphql } = await startTestServer({ graphiql: true });
    const response = await get('/graphql', null, asBrowser);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect((await graphql('{ serverTime }', {}, null)).codes).toEqual(['UNAUTHENTICATED']);
  });
});
