/** What a job tells about itself beside its progress: a title, links of its result, and how many items have problems. */
import { expect } from '@esm-bundle/chai';
import { SAMPLES } from '../../../storybook/samples.js';
import { mount } from './support/mount.js';

const TITLE = 'Annual reports 2025';

describe('The title of a job', () => {
  it('is the heading and the name of the bar', async () => {
    const { text, part } = await mount({ sample: 'titled' });
    expect(text('heading')).to.equal(TITLE);
    expect(part('track')?.getAttribute('aria-label')).to.equal(TITLE);
  });

  it('gives way to a label of the host', async () => {
    const { text, part } = await mount({ sample: 'titled', attributes: { label: 'My reports' } });
    expect(text('heading')).to.equal('My reports');
    expect(part('track')?.getAttribute('aria-label')).to.equal('My reports');
  });

  it('comes with labels that are not shown, but in the state', async () => {
    const { element } = await mount({ sample: 'titled' });
    expect(element.shadowRoot?.textContent).not.to.contain('SharePoint');
    expect(element.progress?.labels).to.deep.equal([{ name: 'source', value: 'SharePoint' }]);
  });

  it('cannot turn the words around it round', async () => {
    const { part } = await mount({ progress: { ...SAMPLES.titled, title: 'a\u202Eb\u0007c' } });
    expect(part('heading')?.textContent?.trim()).to.equal('ab c');
  });
});

describe('The links of a result', () => {
  const links = (urls: readonly string[]) => ({
    ...SAMPLES.links,
    result: { ...SAMPLES.links.result, links: urls.map((url) => ({ label: `a\u202E ${url}`, url })) },
  });

  it('are links in a tab of their own, which learns nothing of this page', async () => {
    const { parts } = await mount({ sample: 'links' });
    const [first, second] = parts('link') as HTMLAnchorElement[];
    expect(first?.href).to.equal('https://search.example/reports');
    expect(first?.textContent?.trim()).to.equal('Open the index');
    expect(second?.rel).to.equal('noopener noreferrer');
    expect(second?.target).to.equal('_blank');
  });

  it('are those to http and https alone', async () => {
    const { parts, element } = await mount({
      progress: links([
        'javascript:alert(1)',
        'JaVaScRiPt:alert(1)',
        ' javascript:alert(1)',
        'data:text/html,x',
        'ftp://x',
        '//x',
        'http:x',
        'HTTP://one.example/',
        'https://two.example/',
      ]),
    });
    expect((parts('link') as HTMLAnchorElement[]).map(({ href }) => href)).to.deep.equal([
      'http://one.example/',
      'https://two.example/',
    ]);
    expect(/\u202e/.test(element.shadowRoot?.textContent ?? '')).to.equal(false);
  });
});

describe('Items with problems', () => {
  it('are counted on a button, those without errors or without warnings too', async () => {
    const { text, part, client, settled } = await mount({ sample: 'problems' });
    expect(text('problems-button')).to.equal('37 failed, 5 warnings');
    for (const [errors, warnings, words] of [
      [1, 0, '1 failed'],
      [0, 1, '1 warning'],
      [1200, 2, '1,200 failed, 2 warnings'],
    ] as const) {
      client.show({ progress: { ...SAMPLES.problems, problems: { errors, warnings } } });
      await settled();
      expect(text('problems-button')).to.equal(words);
    }
    client.show({ progress: SAMPLES.running });
    await settled();
    expect(part('problems-button') === null).to.equal(true);
  });

  it('are asked for by an event that reaches the page', async () => {
    const host = document.createElement('div');
    document.body.append(host);
    const { part, element, settled } = await mount({
      sample: 'problems',
      parent: host.attachShadow({ mode: 'open' }),
    });
    const asked: unknown[] = [];
    document.body.addEventListener('ingestion-problems-open', ({ detail }) => asked.push(detail), {
      once: true,
    });
    part('problems-button')?.click();
    await settled();
    expect(asked).to.deep.equal([{ projectId: 'p1', ingestionId: 'sample' }]);
    expect(part('problems-button')?.hasAttribute('aria-expanded')).to.equal(false);
    expect(element.shadowRoot?.querySelector('ingestion-problems') === null).to.equal(true);
    host.remove();
  });

  it('are listed below, if the page has the element for it: opened, closed, and not if the host prevents it', async () => {
    const found = await mount({ sample: 'problems' });
    customElements.define('ingestion-problems', class extends HTMLElement {});
    found.element.endpoint = 'https://api.example/graphql';
    await found.settled();
    const button = () => found.part('problems-button');
    const listed = () => found.element.shadowRoot?.querySelector('ingestion-problems') ?? null;
    expect(button()?.getAttribute('aria-expanded')).to.equal('false');
    found.element.addEventListener('ingestion-problems-open', (event) => event.preventDefault(), {
      once: true,
    });
    button()?.click();
    await found.settled();
    expect(listed() === null).to.equal(true);
    button()?.click();
    await found.settled();
    expect(button()?.getAttribute('aria-expanded')).to.equal('true');
    expect(listed()?.getAttribute('project-id')).to.equal('p1');
    expect(listed()?.getAttribute('ingestion-id')).to.equal('sample');
    const { endpoint, client } = listed() as unknown as Record<string, unknown>;
    expect(endpoint).to.equal('https://api.example/graphql');
    expect(client === found.client).to.equal(true);
    found.client.show({ progress: { ...SAMPLES.problems, id: 'next' } });
    await found.settled();
    expect(listed() === null).to.equal(true);
    found.client.show({ progress: SAMPLES.problems });
    await found.settled();
    button()?.click();
    await found.settled();
    expect(listed() === null).to.equal(true);
  });
});
