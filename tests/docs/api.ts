/**
 * Generates the API reference from the packages' TSDoc with TypeDoc: one page per entry point. Fails if a comment has a
 * broken link, or if an export uses a type that can't be imported.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application, OptionDefaults } from 'typedoc';
import type { TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';

/** The folder of the reference. */
export const API_FOLDER = 'docs/api';

interface Package {
  readonly name: string;
  readonly entries: readonly string[];
  /** Types that the reference mentions but does not document. */
  readonly internal: readonly string[];
}

const PACKAGES: readonly Package[] = [
  {
    name: 'server',
    entries: ['index.ts', 'reporter/index.ts', 'reporter/bullmq.ts'],
    // They derive the options from the environment variables.
    internal: ['Camel', 'Optional', 'ValueOf', 'VariableName', 'Variable'],
  },
  {
    name: 'widget',
    entries: ['index.ts', 'client/index.ts', 'react/index.ts', 'vue/index.ts', 'testing/index.ts'],
    // They connect the client with its transports.
    internal: [
      ...['Connection', 'ConnectionParts', 'WatchTarget', 'Operation', 'TransportSession', 'TokenLifetime'],
      ...['SessionListener', 'PageSignal', 'ProgressFragment', 'IngestionOutcome'],
    ],
  },
];
/** Tags of the custom elements manifest. */
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
async function renderPackage({ name, entries, internal }: Package, out: string): Promise<void> {
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
    intentionallyNotExported: [...internal],
    treatWarningsAsErrors: true,
    outputs: [{ name: 'markdown', path: out }],
    logLevel: 'Warn',
    outputFileStrategy: 'modules',
    flattenOutputFiles: true,
    hidePageHeader: true,
    hideBreadcrumbs: true,
    // The generated anchors of headings would not always match those of the Markdown renderer.
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
    throw new Error(`TypeDoc reported problems in ${name}, see above.`);
}

/** Sorts the members of a union: TypeScript's own order changes with any import. */
function sortUnions(page: string): string {
  const union = /`"[^`|]*"`(?: \\\| `"[^`|]*"`)+/g;
  return page.replaceAll(union, (text) => text.split(' \\| ').sort().join(' \\| '));
}

/** The pages of the reference by their paths from the root. Takes some seconds. */
export async function renderApi(): Promise<ReadonlyMap<string, string>> {
  const pages = new Map<string, string>();
  const links: string[] = [];
  for (const each of PACKAGES) {
    const folder = mkdtempSync(join(tmpdir(), 'api-'));
    try {
      await renderPackage(each, folder);
      for (const file of readdirSync(folder).filter((name) => name !== 'README.md')) {
        const short = (text: string) => text.replaceAll('@ingestion-progress.', '');
        const page = sortUnions(short(readFileSync(join(folder, file), 'utf8')));
        pages.set(join(API_FOLDER, short(file)), page);
        links.push(`- [${/^# (.+)$/m.exec(page)?.[1] ?? file}](${short(file)})`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const head = '# API reference\n\nGenerated from the comments in the code by `npm run docs:write`.\n\n';
  pages.set(join(API_FOLDER, 'README.md'), `${head}${links.sort().join('\n')}\n`);
  return pages;
}
