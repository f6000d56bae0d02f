/**
 * What of the documents is made from something else: code that is a tested file, and the table of the environment.
 * Knows markers and text; where the documents lie is the business of others.
 */
import { readFileSync } from 'node:fs';
import { VARIABLES } from '../../server/config.js';

/** The fence below `<!-- file: PATH -->` holds that file. */
const INCLUDE = /(<!-- file: (\S+) -->\n+```\w*\n)[\s\S]*?(?<=\n)(```)/g;
/** Between `<!-- configuration -->` and `<!-- /configuration -->` stands the table of the environment. */
const CONFIGURATION = /(<!-- configuration -->\n)[\s\S]*?(<!-- \/configuration -->)/g;

/** Between `<!-- design tokens -->` and `<!-- /design tokens -->` stands the table of the custom properties. */
const TOKENS = /(<!-- design tokens -->\n)[\s\S]*?(<!-- \/design tokens -->)/g;

/** The custom properties as the element's comment tells them, with the values that its styles give them. */
export function tokensTable(): string {
  const told = readFileSync('widget/element/ingestion-progress-element.ts', 'utf8');
  const styles = readFileSync('widget/element/styles/tokens.ts', 'utf8');
  const valueOf = (name: string) => {
    // The last one knows light and dark.
    const value = [...styles.matchAll(new RegExp(`var\\(${name}, (.+)\\);`, 'g'))].at(-1)?.[1];
    const [, light, dark] = /^light-dark\((.+), (.+)\)$/.exec(value ?? '') ?? [];
    const shown = (text: string | undefined) => (text === undefined ? '–' : `\`${text}\``);
    return light === undefined ? `${shown(value)} | the same` : `${shown(light)} | ${shown(dark)}`;
  };
  const rows = [...told.matchAll(/ \* @cssprop (--\S+) - (.+)/g)].map(
    ([, name = '', meaning = '']) => `| \`${name}\` | ${valueOf(name)} | ${meaning} |`,
  );
  return ['| custom property | light | dark | |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** The environment as a table: name, default with its unit, meaning. */
export function configurationTable(): string {
  const rows = Object.entries(VARIABLES).map(([name, variable]) => {
    const preset = variable.default === null || variable.default === '' ? '–' : `\`${variable.default}\``;
    const unit = variable.unit === null || preset === '–' ? '' : ` ${variable.unit}`;
    return `| \`${name}\` | ${preset}${unit} | ${variable.description.replaceAll('|', '\\|')} |`;
  });
  return ['| variable | default | |', '|---|---|---|', ...rows, ''].join('\n');
}

/** The page with all that is made put in its place. Throws where a file that it names is not there. */
export function render(page: string): string {
  return page
    .replaceAll(
      INCLUDE,
      (_, head: string, path: string, end: string) => head + readFileSync(path, 'utf8') + end,
    )
    .replaceAll(TOKENS, (_, head: string, end: string) => head + tokensTable() + end)
    .replaceAll(CONFIGURATION, (_, head: string, end: string) => head + configurationTable() + end);
}
