/** The list of problems: found, grouped, paged, filtered, searched, downloaded; by keyboard and for screen readers. */
import { expect } from '@esm-bundle/chai';
import '@ingestion-progress/widget/define';
import type { IngestionProblemsElement } from '@ingestion-progress/widget/problems';
import '@ingestion-progress/widget/problems';
import { csvCell, csvOf } from '../../../widget/problems/csv.js';
import type { Problem } from '../../../widget/problems/problem-source.js';
import { contrast } from './support/contrast.js';
import { cleanUp } from './support/mount.js';
import { turn } from './support/page-clock.js';
import { waitUntil } from './support/wait-until.js';

const CODES = ['PASSWORD_PROTECTED', 'UNREADABLE', 'TOO_LARGE', 'EMPTY'];

function problemOf(index: number, fields: Partial<Problem> = {}): Problem {
  return {
    ...{
      attempt: 1,
      phase: 2,
      item: `handbook/${index}.pdf`,
      code: CODES[index % 4] ?? '',
      severity: 'ERROR',
    },
    ...{ message: `File ${index} cannot be read.`, url: null, reportedAt: 1_800_000_000_000 + index },
    ...fields,
  };
}

const many = (count: number, fields: Partial<Problem> = {}) =>
  Array.from({ length: count }, (_, index) => problemOf(index, fields));

interface Request {
  readonly url: string;
  readonly token: string | null;
  /** Of the page. */
  readonly first: number;
  readonly variables: {
    readonly after: string | null;
    readonly severity: string | null;
    readonly attempt: number | null;
  };
}

interface Fake {
  readonly requests: readonly Request[];
  /** Refuses until it is called with null. */
  refuse(code: string | null): void;
}

const { fetch } = window;
afterEach(() => {
  window.fetch = fetch;
});

/** A server that has these problems, and counts so many more. */
function serve(problems: readonly Problem[], newest = 1, beyond = 0): Fake {
  const requests: Request[] = [];
  let refusal: string | null = null;
  window.fetch = async (url, init) => {
    await Promise.resolve();
    const { query, variables } = JSON.parse(String(init?.body)) as {
      query: string;
      variables: Request['variables'];
    };
    const first = Number(/first:(\d+)/.exec(query)?.[1]);
    const token = new Headers(init?.headers).get('authorization');
    requests.push({ url: String(url), token, first, variables });
    if (refusal !== null) {
      return Response.json({ errors: [{ message: 'No.', extensions: { code: refusal } }] });
    }
    const { after, severity, attempt } = variables;
    const all = problems.filter(
      (one) => one.attempt === (attempt ?? newest) && (severity === null || one.severity === severity),
    );
    const from = after === null ? 0 : Number(after);
    const page = all.slice(from, from + first);
    const ofNewest = problems.filter((one) => one.attempt === newest);
    const byCode = CODES.flatMap((code) =>
      (['ERROR', 'WARNING'] as const).map((kind) => {
        const count = ofNewest.filter((one) => one.code === code && one.severity === kind).length;
        return { code, severity: kind, count };
      }),
    ).filter(({ count }) => count > 0);
    const errors = ofNewest.filter((one) => one.severity === 'ERROR').length + beyond;
    const counts = { errors, warnings: ofNewest.length + beyond - errors, byCode };
    return Response.json({
      data: {
        progress: { attempt: newest, problems: counts },
        ingestionProblems: {
          edges: page.map((node) => ({ node })),
          pageInfo: { hasNextPage: from + first < all.length, endCursor: String(from + page.length) },
        },
      },
    });
  };
  return { requests, refuse: (code) => (refusal = code) };
}

interface Mounted {
  readonly element: IngestionProblemsElement;
  all(selector: string): HTMLElement[];
  one<E extends HTMLElement = HTMLElement>(selector: string): E;
  status(): string;
  /** Waits for words in the status. */
  says(words: string): Promise<void>;
}

async function mount(
  attributes: Readonly<Record<string, string>> = {},
  parent: Element = document.body,
): Promise<Mounted> {
  const element = cleanUp(document.createElement('ingestion-problems'));
  const given = { 'project-id': 'p1', 'ingestion-id': 'i1', ...attributes };
  for (const [name, value] of Object.entries(given)) element.setAttribute(name, value);
  parent.append(element);
  await element.updateComplete;
  const all = (selector: string) => [...(element.shadowRoot?.querySelectorAll<HTMLElement>(selector) ?? [])];
  const status = () => (all('[part~="status"]')[0]?.textContent ?? '').trim();
  return {
    element,
    all,
    status,
    one: <E extends HTMLElement = HTMLElement>(selector: string) => {
      const [found] = all(selector);
      if (found === undefined) throw new Error(`No ${selector}.`);
      return found as E;
    },
    says: (words) => waitUntil(() => status().includes(words)),
  };
}

function type(input: HTMLInputElement, words: string): void {
  input.value = words;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

function choose(select: HTMLSelectElement, value: string): void {
  select.value = value;
  select.dispatchEvent(new Event('change', { bubbles: true }));
}

/** Presses download, and reads the file. */
async function download({ one, says }: Mounted): Promise<{ readonly name: string; readonly text: string }> {
  let blob: Blob | null = null;
  let name = '';
  const { createObjectURL } = URL;
  const { click } = HTMLAnchorElement.prototype;
  URL.createObjectURL = (made: Blob) => {
    blob = made;
    return 'about:blank';
  };
  HTMLAnchorElement.prototype.click = function click() {
    name = this.download;
  };
  try {
    one('[part~="download-button"]').click();
    await says('downloaded.');
  } finally {
    URL.createObjectURL = createObjectURL;
    HTMLAnchorElement.prototype.click = click;
  }
  if (blob === null) throw new Error('Nothing was downloaded.');
  return {
    name,
    text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(await (blob as Blob).arrayBuffer()),
  };
}

describe('The problems of an ingestion of 9,800 items, 37 of which failed', () => {
  it('are found, grouped by code, searched and downloaded', async () => {
    const { requests } = serve(
      many(37, { item: 'handbook/x.pdf' }).map((one, index) => ({
        ...one,
        item: `handbook/${index * 265}.pdf`,
      })),
    );
    const mounted = await mount();
    const { all, one, says, element } = mounted;
    await says('All 37 loaded.');
    expect(requests.map(({ first }) => first)).to.deep.equal([50]);
    expect(one('[part~="summary"]').textContent?.trim()).to.equal('37 errors');
    const groups = () =>
      all('[part~="group"]').map(
        (group) =>
          `${group.querySelector('.code')?.textContent ?? ''} ${group.querySelectorAll('li').length}`,
      );
    expect(groups()).to.deep.equal(['PASSWORD_PROTECTED 10', 'UNREADABLE 9', 'TOO_LARGE 9', 'EMPTY 9']);
    type(one('input'), 'handbook/9540');
    await says('1 of the 37 loaded match.');
    expect(groups()).to.deep.equal(['PASSWORD_PROTECTED 1']);
    expect(one('.item').textContent?.trim()).to.equal('handbook/9540.pdf');
    type(one('input'), 'too_large CANNOT');
    await says('9 of the 37');
    const { name, text } = await download(mounted);
    expect(name).to.equal('problems-i1.csv');
    const lines = text.split('\r\n');
    expect(lines.length).to.equal(39);
    expect(lines[0]).to.equal('\ufeffitem,code,severity,message,phase,attempt,url,reportedAt');
    expect(lines[37]).to.equal(
      'handbook/9540.pdf,PASSWORD_PROTECTED,ERROR,File 36 cannot be read.,2,1,,2027-01-15T08:00:00.036Z',
    );
    expect(element.shadowRoot?.activeElement).to.equal(null);
  });
});

describe('The list', () => {
  it('pages, says what is not loaded and not searched, and downloads all', async () => {
    const { requests } = serve(many(620));
    const mounted = await mount();
    const { all, one, says } = mounted;
    await says('50 of 620 loaded.');
    expect(one('[part~="group"]').querySelector('.count')?.textContent).to.equal('13 of 155');
    one('[part~="more-button"]').click();
    await says('100 of 620 loaded.');
    expect(all('li').length).to.equal(100);
    type(one('input'), 'nothing like it');
    await says('0 of the 100 loaded match. 520 are not loaded, and not searched.');
    const { text } = await download(mounted);
    expect(text.split('\r\n').length).to.equal(622);
    expect(requests.map(({ first, variables: { after } }) => [first, after])).to.deep.equal([
      [50, null],
      [50, '50'],
      [200, null],
      [200, '200'],
      [200, '400'],
      [200, '600'],
    ]);
  });

  it('filters by severity, with the focus where it was', async () => {
    serve([...many(5), ...many(3, { severity: 'WARNING', phase: null })]);
    const { all, one, says, element } = await mount();
    await says('All 8 loaded.');
    expect(one('[part~="summary"]').textContent?.trim()).to.equal('5 errors · 3 warnings');
    const select = one<HTMLSelectElement>('select');
    select.focus();
    choose(select, 'WARNING');
    await says('All 3 loaded.');
    expect(all('[part~="problem-warning"]').length).to.equal(3);
    choose(select, '');
    await says('All 8 loaded.');
    expect(element.shadowRoot?.activeElement).to.equal(select);
  });

  it('shows the newest attempt, and an earlier one on demand', async () => {
    serve([...many(4), ...many(1, { attempt: 2 })], 2);
    const { all, says } = await mount();
    await says('All 1 loaded.');
    const [, attempts] = all('select') as HTMLSelectElement[];
    if (attempts === undefined) throw new Error('No choice of attempts.');
    choose(attempts, '1');
    await says('All 4 loaded.');
  });

  it('says how many are counted but not kept', async () => {
    serve(many(20), 1, 300);
    const { says } = await mount();
    await says('All 20 loaded. 300 more are counted but not kept.');
  });

  it('says that there are none', async () => {
    serve([]);
    const { says, all } = await mount();
    await says('No problems.');
    expect(all('input, select, button')).to.deep.equal([]);
  });

  it('says why it has none to show, and tries again', async () => {
    const { refuse } = serve(many(2));
    refuse('UNAVAILABLE');
    const { one, all, says } = await mount();
    await waitUntil(() => all('[role="alert"]').length > 0);
    expect(one('[role="alert"]').textContent).to.equal('The problems cannot be loaded (UNAVAILABLE).');
    refuse(null);
    one('[part~="retry-button"]').click();
    await says('All 2 loaded.');
    expect(all('[role="alert"]')).to.deep.equal([]);
  });

  it('drops an answer that came after another ingestion was asked for', async () => {
    const releases: (() => void)[] = [];
    let isAnswered = false;
    serve(many(3));
    const answer = window.fetch;
    window.fetch = async (...args) => {
      if (releases.length === 0) await new Promise<void>((resolve) => releases.push(resolve));
      const late = await answer(...args);
      isAnswered = true;
      return late;
    };
    const { element, says, all } = await mount();
    serve(many(1));
    element.ingestionId = 'i2';
    await says('All 1 loaded.');
    for (const release of releases) release();
    await waitUntil(() => isAnswered);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    await element.updateComplete;
    expect(all('li').length).to.equal(1);
  });

  it('takes endpoint and token of its provider, and asks for a new token once', async () => {
    const { requests, refuse } = serve(many(1));
    refuse('UNAUTHENTICATED');
    const provider = cleanUp(document.createElement('ingestion-provider'));
    provider.endpoint = '/elsewhere/graphql';
    const asked: boolean[] = [];
    provider.getToken = ({ force }) => {
      asked.push(force);
      if (force) refuse(null);
      return force ? 'new' : 'old';
    };
    document.body.append(provider);
    const { says } = await mount({}, provider);
    await says('All 1 loaded.');
    expect(asked).to.deep.equal([false, true]);
    expect(requests.map(({ token }) => token)).to.deep.equal(['Bearer old', 'Bearer new']);
    expect(new URL(requests[0]?.url ?? '').pathname).to.equal('/elsewhere/graphql');
  });

  it('says so if the token is refused for good', async () => {
    const { refuse } = serve(many(1));
    refuse('FORBIDDEN');
    const { one, all } = await mount({ token: 'mine' });
    await waitUntil(() => all('[role="alert"]').length > 0);
    expect(one('[role="alert"]').textContent).to.equal('You have no access to these problems.');
  });

  it('names its controls, tells changes, and links http addresses alone', async () => {
    serve([
      problemOf(0, { url: 'https://example.org/0' }),
      problemOf(1, { url: 'javascript:alert(1)' }),
      problemOf(2, { item: '\u202egnp.exe', message: '<b>\u2066no</b>' }),
    ]);
    const { all, one, says } = await mount();
    await says('All 3 loaded.');
    expect(all('a').map((link) => link.getAttribute('href'))).to.deep.equal(['https://example.org/0']);
    expect(one('a').getAttribute('rel')).to.equal('noopener noreferrer');
    expect(one('[part~="status"]').getAttribute('role')).to.equal('status');
    for (const control of all('input, select') as (HTMLInputElement | HTMLSelectElement)[]) {
      expect(control.labels?.[0]?.textContent?.trim()).not.to.equal('');
      expect(control.getBoundingClientRect().height).to.be.at.least(24);
    }
    expect(all('.item').some((item) => item.textContent?.includes('\u202e'))).to.equal(false);
    expect(all('b')).to.deep.equal([]);
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`has text of enough contrast in ${scheme}`, async () => {
      const [paper, ink] = scheme === 'light' ? ['#ffffff', '#1c2027'] : ['#14171d', '#e6e9ef'];
      serve([problemOf(0), problemOf(1, { severity: 'WARNING' })]);
      const page = cleanUp(document.createElement('div'));
      page.style.cssText = `color-scheme: ${scheme}; background: ${paper}; color: ${ink}`;
      document.body.append(page);
      const { all, says } = await mount({}, page);
      await says('All 2 loaded.');
      for (const sign of all('.sign, .item')) {
        expect(contrast(getComputedStyle(sign).color, paper)).to.be.at.least(4.5);
      }
    });
  }

  for (const direction of ['ltr', 'rtl'] as const) {
    it(`fits 320 px from ${direction}`, async () => {
      serve([problemOf(0, { item: `a/${'very-long-name-'.repeat(20)}.pdf` }), problemOf(1)]);
      const page = cleanUp(document.createElement('div'));
      page.style.inlineSize = '320px';
      page.dir = direction;
      document.body.append(page);
      const { element, says } = await mount({}, page);
      await says('All 2 loaded.');
      expect(element.shadowRoot?.querySelector('.base')?.scrollWidth).to.be.at.most(320);
    });
  }
});

describe('A CSV cell', () => {
  for (const [given, cell] of [
    ['plain', 'plain'],
    ['=HYPERLINK("http://x")', '"\'=HYPERLINK(""http://x"")"'],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['\rx', '"\'\rx"'],
    ['\uff1dx', "'\uff1dx"],
    ['a,b', '"a,b"'],
    ['a\nb', '"a\nb"'],
    ['say "no"', '"say ""no"""'],
    ['a=b', 'a=b'],
  ] as const) {
    it(`${JSON.stringify(given)} is ${JSON.stringify(cell)}`, () => {
      expect(csvCell(given)).to.equal(cell);
    });
  }

  it('of a whole problem is in its column', () => {
    const csv = csvOf([problemOf(0, { item: '=1+1', message: null, phase: null })]);
    expect(csv.split('\r\n')[1]).to.equal("'=1+1,PASSWORD_PROTECTED,ERROR,,,1,,2027-01-15T08:00:00.000Z");
  });
});
