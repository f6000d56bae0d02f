/** The connection badge: separate from the job, hidden while the connection is fine. */
import { expect } from '@esm-bundle/chai';
import type { Connection } from '@ingestion-progress/widget/client';
import { mount } from './support/mount.js';

const RECONNECTING: Connection = {
  state: 'reconnecting',
  attempt: 3,
  maxAttempts: 10,
  nextAttemptAt: 8000,
  error: null,
};

describe('The connection badge', () => {
  it('says "Live" for the first seconds, then is absent', async () => {
    const { text, part, client, element, settled } = await mount({ sample: 'running' });
    expect(text('badge-word')).to.equal('Live');
    client.advance(3001);
    element.requestUpdate();
    await settled();
    expect(part('badge')).to.equal(null);
  });

  it('leaves the job as it was when the connection goes', async () => {
    const { client, text, part, settled } = await mount({ sample: 'running' });
    const before = [text('percent'), text('headline'), part('track')?.getAttribute('aria-valuenow')];
    client.show({ connection: { state: 'disconnected', reason: 'exhausted', error: null } });
    await settled();
    expect([text('percent'), text('headline'), part('track')?.getAttribute('aria-valuenow')]).to.deep.equal(
      before,
    );
    expect(part('base')?.textContent).not.to.match(/failed in/i);
    expect(text('badge-word')).to.equal('Disconnected');
  });

  it('counts the seconds to the next attempt', async () => {
    const { text, client, element, settled } = await mount({ sample: 'running', connection: RECONNECTING });
    expect(text('badge-detail')).to.equal('Attempt 3 of 10 · next in 8s');
    client.advance(2500);
    element.requestUpdate();
    await settled();
    expect(text('badge-detail')).to.equal('Attempt 3 of 10 · next in 6s');
  });

  it('says that polling is not real time', async () => {
    const { text, part } = await mount({
      sample: 'running',
      connection: { ...RECONNECTING, state: 'polling' },
    });
    expect(text('badge-word')).to.equal('Delayed updates');
    expect(part('reconnect-button')).to.equal(null);
  });

  it('offers Reconnect while polling once the attempts are spent', async () => {
    const { part, client } = await mount({
      sample: 'running',
      connection: { ...RECONNECTING, state: 'polling', attempt: 10, nextAttemptAt: 60_000 },
    });
    part('reconnect-button')?.click();
    expect(client.calls).to.deep.equal(['reconnect']);
  });

  it('offers Reconnect when it is disconnected, and says how old the picture is', async () => {
    const { part, text, client, element, settled } = await mount({
      sample: 'running',
      connection: { state: 'disconnected', reason: 'exhausted', error: null },
    });
    client.advance(125_000);
    element.requestUpdate();
    await settled();
    expect(text('badge-detail')).to.equal("Can't reach the server · Last update 2m 5s ago");
    part('reconnect-button')?.click();
    expect(client.calls).to.deep.equal(['reconnect']);
  });

  it('explains what the user can fix, and offers no button that cannot help', async () => {
    const error = { code: 'MIXED_CONTENT', message: 'raw' };
    const { text, part } = await mount({ sample: 'running', connection: { state: 'error', error } });
    expect(text('badge-detail')).to.contain('secure page');
    expect(part('reconnect-button')).to.equal(null);
  });

  it('does not flash "connecting" over a state that is remembered', async () => {
    const { part, text } = await mount({
      sample: 'running',
      knowledge: 'remembered',
      connection: { state: 'connecting' },
    });
    expect(part('badge')).to.equal(null);
    expect(text('headline')).to.equal('Extracting text: 4,210 of 9,800 documents');
  });

  it('reads connectionState, connectionError and progress', async () => {
    const error = { code: 'FORBIDDEN', message: 'no' };
    const { element } = await mount({ sample: 'running', connection: { state: 'unauthorized', error } });
    expect(element.connectionState).to.equal('unauthorized');
    expect(element.connectionError).to.equal(error);
    expect(element.progress?.id).to.equal('sample');
  });
});
