/**
 * Generates parts of the documents: code from tested files, the table of environment variables, and the table of design
 * tokens. Knows markers and text, but not where the documents are.
 */
import { readFileSync } from 'node:fs';
import { VARIABLES } from '../../server/config.js';

/** The fence below `<!-- file: PATH -->` contains that file. */
const INCLUDE = /(<!-- file: (\S+) -->\n+```\w*\n)[\s\S]*?(?<=\n)(```)/g;
/** The table of environment variables is between `<!-- configuration -->` and `<!-- /configuration -->`. */
const CONFIGURATION = /(<!-- configuration -->\n)[\s\S]*?(<!-- \/configuration -->)/g;

/** The table of custom properties is between `<!-- design tokens -->` and `<!-- /design tokens -->`. */
const TOKENS = /(<!-- design tokens -->\n)[\s\S]*?(<!-- \/design tokens -->)/g;

/** The custom properties in the element's comment, with their values in its styles. */
export function tokensTable(): string {
  const comment = readFileSync('widget/element/ingestion-progress-element.ts', 'utf8');
  const styles = readFileSync('widget/element/styles/tokens.ts', 'utf8');
  const valueOf = (name: string) => {
    // The last one has values for light and dark.
    const value = [...styles.matchAll(new RegExp(`var\\(${name}, (.+)\\);`, 'g'))].at(-1)?.[1];
    const [, light, dark] = /^light-dark\((.+), (.+)\)$/.exec(value ?? '') ?? [];
    const cell = (text: string | undefined) => (text === undefined ? '–' : `\`${text}\``);
    return light === undefined ? `${cell(value)} | the same` : `${cell(light)} | ${cell(dark)}`;
  };
  const rows = [...comment.matchAll(/ \* @cssprop (--\S+) - (.+)/g)].map(
    ([, name = '', meaning = '']) => `| \`${name}\` | ${valueOf(name)} | ${meaning} |`,
  );
  return ['| custom property | light | dark | |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** The environment variables as a table: name, default with unit, description. */
export function configurationTable(): string {
  const rows = Object.entries(VARIABLES).map(([name, variable]) => {
    const preset = variable.default === null || variable.default === '' ? '–' : `\`${variable.default}\``;
    const unit = variable.unit === null || preset === '–' ? '' : ` ${variable.unit}`;
    return `| \`${name}\` | ${preset}${unit} | ${variable.description.replaceAll('|', '\\|')} |`;
  });
  return ['| variable | default | |', '|---|---|---|', ...rows, ''].join('\n');
}

/** The page with its generated parts. Throws if an included file does not exist. */
export function render(page: string): string {
  return page
    .replaceAll(
      INCLUDE,
      (_, head: string, path: string, end: string) => head + readFileSync(path, 'utf8') + end,
    )
    .replaceAll(TOKENS, (_, head: string, end: string) => head + tokensTable() + end)
    .replaceAll(CONFIGURATION, (_, head: string, end: string) => head + configurationTable() + end);
}
