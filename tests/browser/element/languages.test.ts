/** Which language the element uses, and whether each is complete. */
import { expect } from '@esm-bundle/chai';
import { en, registerMessages, type Message, type Messages } from '@ingestion-progress/widget';
import { SAMPLES } from '../../../storybook/samples.js';
import { allMessages } from '../../../widget/element/locales/all.js';
import { mount } from './support/mount.js';

const sentences = ({ language: _, ...rest }: Messages): [string, Message][] => Object.entries(rest);
const forms = (message: Message): string[] =>
  typeof message === 'string' ? [message] : Object.values(message);
const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');

describe('The language', () => {
  before(() => {
    registerMessages(...allMessages);
  });

  it('is the nearest lang up the tree, across shadow roots', async () => {
    const outer = document.createElement('div');
    outer.lang = 'de-AT';
    const root = outer.attachShadow({ mode: 'open' });
    document.body.append(outer);
    const inside = await mount({ sample: 'completed', parent: root });
    expect(inside.text('headline')).to.equal('Abgeschlossen');
    const nearer = document.createElement('div');
    nearer.lang = 'fr';
    root.append(nearer);
    expect((await mount({ sample: 'completed', parent: nearer })).text('headline')).to.equal('Terminé');
    outer.remove();
  });

  it('changes with the lang of the page and of the element itself', async () => {
    const { element, text, settled } = await mount({ sample: 'completed' });
    document.documentElement.lang = 'es';
    await new Promise(requestAnimationFrame);
    await settled();
    expect(text('headline')).to.equal('Completado');
    element.lang = 'zh-CN';
    await settled();
    expect(text('headline')).to.equal('已完成');
  });

  it('writes numbers, bytes and percents as that language does', async () => {
    document.documentElement.lang = 'de';
    const { parts, text } = await mount({ sample: 'running' });
    expect(text('percent')).to.equal('30 %');
    expect(parts('metric-value').map((value) => value.textContent?.replaceAll('\u00a0', ' '))).to.deep.equal([
      '4.210 von 9.800',
      '3',
      '177 MB von 412 MB',
      '18.231',
      '62,4 / s',
    ]);
  });

  it('writes times in units that are read there: no minute that looks like a metre', async () => {
    document.documentElement.lang = 'ja';
    const { text } = await mount({ sample: 'running' });
    expect(text('detail')).to.equal('残り約4 分 · 経過 12 分');
  });

  it('chooses plural forms by the rules of the language', async () => {
    document.documentElement.lang = 'ar';
    const said: string[] = [];
    for (const itemsFailed of [1, 2, 5, 15]) {
      const result = { ...SAMPLES.partial.result, summary: null, itemsFailed };
      const { text } = await mount({ progress: { ...SAMPLES.partial, result } });
      said.push(text('detail'));
    }
    expect(said).to.deep.equal(['فشل عنصر واحد', 'فشل عنصران', 'فشلت 5 عناصر', 'فشل 15 عنصرًا']);
  });

  it('is English where the one around is not shipped', async () => {
    document.documentElement.lang = 'fi';
    expect((await mount({ sample: 'completed' })).text('headline')).to.equal('Completed');
  });

  it('mirrors the track where the page runs from right to left', async () => {
    document.documentElement.dir = 'rtl';
    const { parts } = await mount({ sample: 'running' });
    const [first, second] = parts('segment').map((segment) => segment.getBoundingClientRect());
    expect(first?.left).to.be.greaterThan(second?.left ?? Infinity);
    const fill = parts('fill')[1]?.getBoundingClientRect();
    expect(fill?.right).to.be.greaterThan(second?.right ?? Infinity); // pushed out at the end it has not reached
  });

  it('lets the sheen run the way the bar grows', async () => {
    const { parts } = await mount({ sample: 'running' });
    const running = parts('segment').findIndex((segment) => segment.classList.contains('running'));
    const direction = () => {
      const fill = parts('fill')[running];
      return fill && getComputedStyle(fill, '::after').animationDirection;
    };
    expect(direction()).to.equal('normal');
    document.documentElement.dir = 'rtl';
    expect(direction()).to.equal('reverse');
  });

  it('keeps words of a job that run the other way apart from what stands beside them', async () => {
    const phases = SAMPLES.stalled.phases.map((phase) => ({ ...phase, message: 'استخراج النص' }));
    const { text } = await mount({ progress: { ...SAMPLES.stalled, phases } });
    expect(text('detail')).to.match(/^\u2068استخراج النص\u2069/);
    expect((await mount({ sample: 'stalled' })).text('detail')).not.to.match(/[\u2068\u2069]/);
  });

  for (const bundle of allMessages) {
    it(`${bundle.language} says everything, with the same values in it as English`, () => {
      expect(sentences(bundle).map(([key]) => key)).to.deep.equal(sentences(en).map(([key]) => key));
      const english = new Map(sentences(en));
      for (const [key, message] of sentences(bundle)) {
        const allowed = new Set(forms(english.get(key) ?? '').flatMap(holes));
        const used = new Set(forms(message).flatMap(holes));
        for (const hole of used) expect(allowed.has(hole), `${key}: {${hole}}`).to.equal(true);
        if (typeof message === 'string') expect([...used].sort(), key).to.deep.equal([...allowed].sort());
        else {
          const { pluralCategories } = new Intl.PluralRules(bundle.language).resolvedOptions();
          expect(Object.keys(message).sort(), key).to.deep.equal([...pluralCategories].sort());
        }
      }
    });
  }
});

/** All codes that can stop a connection; the last ones have no message of their own. */
const CODES: readonly (readonly [code: string, isSaid?: RegExp])[] = [
  ['PROJECT_ID_MISSING', /project-id/],
  ['PROJECT_ID_INVALID', /project-id/],
  ['INGESTION_ID_INVALID', /ingestion-id/],
  ['ENDPOINT_INVALID', /https:/],
  ['MIXED_CONTENT', /wss:/],
  ['FORBIDDEN'],
  ['UNAUTHENTICATED'],
  ['TOKEN_EXPIRED'],
  ...[
    'BAD_USER_INPUT',
    'NOT_FOUND',
    'CONFLICT',
    'PROTOCOL_ERROR',
    'MESSAGE_TOO_BIG',
    'WEBSOCKET_MISSING',
  ].map((code) => [code, new RegExp(code)] as const),
  ['CONFIGURATION_INVALID', /CONFIGURATION_INVALID/],
];

describe('Whatever ends a connection', () => {
  for (const { language } of allMessages) {
    it(`is explained in words of ${language}, and says what to do`, async () => {
      const said = (lang: string): Promise<string[]> => {
        document.documentElement.lang = lang;
        return Promise.all(
          CODES.map(async ([code]) => {
            const error = { code, message: 'raw words of a server' };
            const { text } = await mount({ sample: 'running', connection: { state: 'error', error } });
            return text('badge-detail');
          }),
        );
      };
      const here = await said(language);
      for (const [index, [code, isSaid = /./]] of CODES.entries()) {
        expect(here[index], code).to.match(isSaid).and.not.to.contain('raw').and.not.to.contain('{');
      }
      if (language === 'en') return;
      const english = await said('en');
      for (const [index, [code]] of CODES.entries()) expect(here[index], code).not.to.equal(english[index]);
    });
  }

  it('is the sign-in where no token could be had, not the server', async () => {
    const error = { code: 'TOKEN_UNAVAILABLE', message: 'raw' };
    const connection = { state: 'disconnected', reason: 'exhausted', error } as const;
    const { text } = await mount({ sample: 'running', connection });
    expect(text('badge-detail')).to.contain('Sign in again.');
  });
});

describe("A host's own messages", () => {
  const warnings: string[] = [];
  const { warn } = console;

  beforeEach(() => {
    warnings.length = 0;
    console.warn = (text: string) => warnings.push(text);
    Object.assign(window, { process: { env: { NODE_ENV: 'development' } } });
  });
  afterEach(() => {
    console.warn = warn;
    Reflect.deleteProperty(window, 'process');
  });

  it('go before the language of the page, sentence by sentence', async () => {
    const { element, text, settled, client } = await mount({ sample: 'completed' });
    element.messages = { completed: 'All books are on the shelf' };
    await settled();
    expect(text('headline')).to.equal('All books are on the shelf');
    client.show({ progress: SAMPLES.cancelled });
    await settled();
    expect(text('headline')).to.equal('Cancelled');
    expect(warnings).to.deep.equal([]);
  });

  it('are ignored with a warning where they are of the wrong type', async () => {
    const { element, text, settled } = await mount({ sample: 'completed' });
    element.messages = 'Done' as never;
    await settled();
    expect(text('headline')).to.equal('Completed');
    element.messages = { completed: 42 } as never;
    await settled();
    expect(text('headline')).to.equal('Completed');
    expect(warnings.length).to.equal(2);
    expect(warnings[1]).to.contain('messages.completed');
  });

  it('fall back to English with one warning, in development only, where a language lacks a sentence', async () => {
    const { completed: _, ...rest } = en;
    registerMessages({ ...rest, language: 'qaa' } as Messages, { ...rest, language: 'qab' } as Messages);
    document.documentElement.lang = 'qaa';
    expect((await mount({ sample: 'completed' })).text('headline')).to.equal('Completed');
    expect(warnings.length).to.equal(1);
    expect(warnings[0]).to.contain('Missing message "completed"');
    Object.assign(window, { process: { env: { NODE_ENV: 'production' } } });
    document.documentElement.lang = 'qab';
    expect((await mount({ sample: 'completed' })).text('headline')).to.equal('Completed');
    expect(warnings.length).to.equal(1);
  });
});
