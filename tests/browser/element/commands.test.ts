/** Retry and Cancel: who sees them, their events, and their outcomes. */
import { expect } from '@esm-bundle/chai';
import { NOW, SAMPLES } from '../../../storybook/samples.js';
import { allMessages } from '../../../widget/element/locales/all.js';
import { mount } from './support/mount.js';

const CONTROL = { scopes: ['progress:read', 'ingestion:control'] } as const;

describe('Retry', () => {
  it('shows where the token has the scope and the failure may be tried again', async () => {
    expect((await mount({ sample: 'failedRetryable', ...CONTROL })).part('retry-button')).not.to.equal(null);
    expect((await mount({ sample: 'failedRetryable' })).part('retry-button')).to.equal(null);
    expect((await mount({ sample: 'failedPermanently', ...CONTROL })).part('retry-button')).to.equal(null);
    expect((await mount({ sample: 'failedRecoverable', ...CONTROL })).part('retry-button')).to.equal(null);
  });

  it('shows without the scope where the host sets allow-retry, which then handles the event', async () => {
    const { element, part, client } = await mount({
      sample: 'failedRetryable',
      attributes: { 'allow-retry': '' },
    });
    let asked: unknown = null;
    element.addEventListener('ingestion-retry', (event) => {
      asked = event.detail;
      event.preventDefault();
    });
    part('retry-button')?.click();
    expect(asked).to.deep.equal({ progress: SAMPLES.failedRetryable, fromPhase: 2 });
    expect(client.calls).to.deep.equal([]);
  });

  it('sends the mutation where nobody prevents it, once however often it is pressed', async () => {
    const { part, client, settled } = await mount({ sample: 'failedRetryable', ...CONTROL });
    part('retry-button')?.click();
    await settled();
    part('retry-button')?.click();
    expect(client.calls).to.deep.equal(['retry']);
  });

  it('waits as long as the job asks before it can be pressed', async () => {
    const error = {
      phase: 2,
      errorCode: 'SOURCE_UNREACHABLE',
      message: 'The source stopped answering.',
      recoverable: true,
      occurredAt: NOW - 9000,
      retryOptions: { canRetry: true, fromPhase: 2, retryAfterMs: 30_000, attempt: 1, maxAttempts: 3 },
    };
    const { part, client, element, settled } = await mount({
      progress: { ...SAMPLES.failedRetryable, error },
      ...CONTROL,
    });
    expect((part('retry-button') as HTMLButtonElement).disabled).to.equal(true);
    expect(part('retry-button')?.textContent?.trim()).to.equal('Retry in 21s');
    client.advance(21_000);
    element.requestUpdate();
    await settled();
    expect((part('retry-button') as HTMLButtonElement).disabled).to.equal(false);
  });

  for (const [status, words] of [
    ['REJECTED', 'The job rejected the request: not today'],
    ['NO_RECEIVER', 'No job responded'],
  ] as const) {
    it(`says why it came to nothing when it is ${status}`, async () => {
      const { part, text, settled } = await mount({
        sample: 'failedRetryable',
        ...CONTROL,
        answer: () => Promise.resolve({ status, reason: 'not today' }),
      });
      part('retry-button')?.click();
      await settled();
      expect(text('command-notice')).to.contain(words);
      expect(text('retry-button')).to.equal('Retry from Extraction');
    });
  }

  for (const messages of allMessages) {
    it(`ends in no colon where the job gives no reason, in ${messages.language}`, async () => {
      for (const reason of [null, '', ' ']) {
        const { element, part, text, settled } = await mount({
          sample: 'failedRetryable',
          ...CONTROL,
          answer: () => Promise.resolve({ status: 'REJECTED', reason }),
        });
        element.messages = messages;
        await settled();
        part('retry-button')?.click();
        await settled();
        const [sentence = ''] = String(messages.commandRejected).split(/\s*[:：]/u);
        expect(text('command-notice')).to.equal(sentence);
      }
    });
  }

  it('says why on one line, too', async () => {
    const { part, text, settled } = await mount({
      sample: 'running',
      ...CONTROL,
      attributes: { compact: '' },
      answer: () => Promise.resolve({ status: 'NO_RECEIVER', reason: null }),
    });
    part('cancel-button')?.click();
    await settled();
    expect(text('headline')).to.contain('No job responded');
  });

  it('says so when the request does not get through', async () => {
    const { part, text, settled } = await mount({
      sample: 'failedRetryable',
      ...CONTROL,
      answer: () => Promise.reject(new Error('no network')),
    });
    part('retry-button')?.click();
    await settled();
    await settled();
    expect(text('command-notice')).to.equal('The request failed: no network');
  });
});

describe('Cancel', () => {
  it('shows where the token has the scope, the job listens, and it runs', async () => {
    expect((await mount({ sample: 'running', ...CONTROL })).part('cancel-button')).not.to.equal(null);
    expect((await mount({ sample: 'running' })).part('cancel-button')).to.equal(null);
    expect((await mount({ sample: 'completed', ...CONTROL })).part('cancel-button')).to.equal(null);
    const deaf = { ...SAMPLES.running, cancellable: false };
    expect((await mount({ progress: deaf, ...CONTROL })).part('cancel-button')).to.equal(null);
  });

  it('shows without the scope where the host sets allow-cancel, which then handles the event', async () => {
    const { element, part, client } = await mount({ sample: 'running', attributes: { 'allow-cancel': '' } });
    element.addEventListener('ingestion-cancel', (event) => {
      event.preventDefault();
    });
    part('cancel-button')?.click();
    expect(client.calls).to.deep.equal([]);
  });

  it('asks the host first, then the job, and shows that it was asked', async () => {
    const { element, part, client, settled, text } = await mount({ sample: 'running', ...CONTROL });
    let detail: unknown = null;
    element.addEventListener('ingestion-cancel', (event) => {
      detail = event.detail;
    });
    part('cancel-button')?.click();
    await settled();
    expect(detail).to.deep.equal({ progress: SAMPLES.running, fromPhase: null });
    expect(client.calls).to.deep.equal(['cancel']);
    expect(text('cancel-button')).to.equal('Cancelling…');
  });

  it('shows that somebody else asked already', async () => {
    const { text, part } = await mount({ sample: 'cancelling', ...CONTROL });
    expect(text('cancel-button')).to.equal('Cancelling…');
    expect(part('cancel-button')?.getAttribute('aria-disabled')).to.equal('true');
  });
});
