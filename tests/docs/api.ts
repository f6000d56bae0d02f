/**
 * The API reference, made from the packages' TSDoc by TypeDoc: one page for each entry point. Fails where a comment
 * links to nothing, or where an export tells of a type that nobody can import.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application, OptionDefaults } from 'typedoc';
import type { TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';

/** Where the reference stands. */
export const API_FOLDER = 'docs/api';

interface Package {
  readonly name: string;
  readonly entries: readonly string[];
  /** Types that its reference names and that are of no use to whoever reads it. */
  readonly inside: readonly string[];
}

const PACKAGES: readonly Package[] = [
  {
    name: 'server',
    entries: ['index.ts', 'reporter/index.ts'],
    // How the names and values of the options come from the table of the environment.
    inside: ['Camel', 'Optional', 'ValueOf', 'VariableName', 'Variable'],
  },
  {
    name: 'widget',
    entries: ['index.ts', 'client/index.ts', 'react/index.ts', 'vue/index.ts', 'testing/index.ts'],
    // What a connection and a scripted transport are to the client alone.
    inside: [
      ...['Connection', 'ConnectionParts', 'WatchTarget', 'Operation', 'TransportSession', 'TokenLifetime'],
      ...['SessionListener', 'PageSignal', 'ProgressFragment', 'IngestionOutcome'],
    ],
  },
];
/** Of the custom elements manifest; they are listed under these names. */
const ELEMENT_TAGS = [
  '@tag',
  '@tagname',
  '@element',
  '@attr',
  '@fires',
  '@slot',
  '@csspart',
  '@cssprop',
] as const;
async function renderPackage({ name, entries, inside }: Package, out: string): Promise<void> {
  const options: Partial<TypeDocOptions & PluginOptions> = {
    plugin: ['typedoc-plugin-markdown'],
    tsconfig: `${name}/tsconfig.json`,
    entryPoints: entries.map((entry) => `${name}/${entry}`),
    readme: 'none',
    disableSources: true,
    disableGit: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeProtected: true,
    excludeExternals: true,
    blockTags: [...OptionDefaults.blockTags, ...ELEMENT_TAGS],
    intentionallyNotExported: [...inside],
    treatWarningsAsErrors: true,
    outputs: [{ name: 'markdown', path: out }],
    logLevel: 'Warn',
    outputFileStrategy: 'modules',
    flattenOutputFiles: true,
    hidePageHeader: true,
    hideBreadcrumbs: true,
    // Its guesses of the anchors that a heading gets are not always those of the reader's Markdown.
    useHTMLAnchors: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
  };
  const app = await Application.bootstrapWithPlugins(options);
  const project = await app.convert();
  if (project === undefined) throw new Error(`TypeDoc could not read ${name}.`);
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error(`TypeDoc complained of ${name}, see above.`);
}

/** Members of a union in the order of the alphabet: TypeScript's own is that in which it met them, which any import changes. */
function inOrder(page: string): string {
  const union = /`"[^`|]*"`(?: \\\| `"[^`|]*"`)+/g;
  return page.replaceAll(union, (text) => text.split(' \\| ').sort().join(' \\| '));
}

/** Pages of the reference by their paths from the root. Takes some seconds. */
export async function renderApi(): Promise<ReadonlyMap<string, string>> {
  const pages = new Map<string, string>();
  const links: string[] = [];
  for (const each of PACKAGES) {
    const folder = mkdtempSync(join(tmpdir(), 'api-'));
    try {
      await renderPackage(each, folder);
      for (const file of readdirSync(folder).filter((name) => name !== 'README.md')) {
        const short = (text: string) => text.replaceAll('@ingestion-progress.', '');
        const page = inOrder(short(readFileSync(join(folder, file), 'utf8')));
        pages.set(join(API_FOLDER, short(file)), page);
        links.push(`- [${/^# (.+)$/m.exec(page)?.[1] ?? file}](${short(file)})`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const head = '# API reference\n\nMade from the comments in the code by `npm run docs:write`.\n\n';
  pages.set(join(API_FOLDER, 'README.md'), `${head}${links.sort().join('\n')}\n`);
  return pages;
}
