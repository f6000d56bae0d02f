import { describe, expect, it } from 'vitest';
import { extractComments } from '../../../examples/folder-ingestion/pipeline/extractors/comments.js';
import { extractHtml } from '../../../examples/folder-ingestion/pipeline/extractors/html.js';
import { extractMarkdown } from '../../../examples/folder-ingestion/pipeline/extractors/markdown.js';

describe('Markdown', () => {
  it('is split at its headings, and the first heading is the title', () => {
    const { title, sections } = extractMarkdown('Before.\n\n# Guide\n\nHello *there*.\n\n## Next\n\nMore.');
    expect(title).toBe('Guide');
    expect(sections).toEqual([
      { heading: null, text: 'Before.' },
      { heading: 'Guide', text: 'Hello there.' },
      { heading: 'Next', text: 'More.' },
    ]);
  });

  it('keeps code, link texts, image texts, lists and tables, and drops tags, front matter and definitions', () => {
    const { sections } = extractMarkdown(
      [
        '---\nslug: hidden\n---',
        'See [the docs](https://example.com) &amp; ![a chart](x.png) <b>bold</b>.',
        '- one\n- two\n  - three',
        '```js\nconst a = "<b>&amp;";\n```',
        '| name | unit |\n|---|---|\n| width | px |',
        '<details><summary>More</summary>inside</details>',
        '[ref]: https://example.com/hidden',
      ].join('\n\n'),
    );
    const text = sections.map((section) => section.text).join('\n');
    expect(text).toContain('See the docs & a chart bold.');
    expect(text).toMatch(/one\ntwo\n+three/);
    expect(text).toContain('const a = "<b>&amp;";');
    expect(text).toContain('name | unit\nwidth | px');
    expect(text).toContain('inside');
    expect(text).not.toContain('hidden');
  });
});

describe('HTML', () => {
  it('gives the title and the text under each heading, without scripts and styles', () => {
    const { title, sections } = extractHtml(
      '<title>Page &amp; more</title><style>p{}</style><p>Intro<br>line</p><h2>A <em>part</em></h2>' +
        '<p>Some <b>text</b>.</p><script>alert(1)</script><p>End',
    );
    expect(title).toBe('Page & more');
    expect(sections).toEqual([
      { heading: null, text: 'Intro\nline' },
      { heading: 'A part', text: 'Some text.\n\nEnd' },
    ]);
  });

  it('uses the first heading if there is no title', () => {
    expect(extractHtml('<h1>Only this</h1><p>x</p>').title).toBe('Only this');
  });
});

describe('comments', () => {
  it('are sections with the declaration that follows as heading, without stars and slashes', () => {
    const { sections } = extractComments(
      '/**\n * Adds two numbers together.\n *\n * @param a the first\n */\nexport declare function add(a: number, b: number): number;\n',
    );
    expect(sections).toEqual([
      {
        heading: 'function add(a: number, b: number): number',
        text: 'Adds two numbers together.\n\n@param a the first',
      },
    ]);
  });

  it('are joined over several lines, and skipped if too short to be prose', () => {
    const { sections } = extractComments(
      '// eslint-disable\nlet x = 1; // ok\nlet z;\n// This is said\n// in two lines.\nlet y;',
    );
    expect(sections).toEqual([{ heading: null, text: 'This is said\nin two lines.' }]);
  });

  it('are not extracted from strings', () => {
    const source = 'const url = "https://example.com/a b c d"; const t = `/* not a real comment */`;';
    expect(extractComments(source).sections).toEqual([]);
  });
});
