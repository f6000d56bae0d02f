/** A plugin of the bundler that takes comments and needless space out of the element's css and html literals. */
import { readFileSync } from 'node:fs';

/** None of ours has a value put in. */
const CSS = /\bcss`([^`$]*)`/g;
/** Outside of a template the minifier takes it anyway; inside, browsers read one line break as they read a space. */
const INDENTATION = /\n\s+/g;

export const smallTemplates = {
  name: 'small-templates',
  load: {
    filter: { id: /widget[\\/]element[\\/].*\.ts$/ },
    handler: (id) => ({
      code: readFileSync(id, 'utf8')
        .replace(CSS, (_, text) => `css\`${shrink(text)}\``)
        .replace(INDENTATION, '\n'),
      moduleType: 'ts',
    }),
  },
};

function shrink(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;\}/g, '}')
    .replace(/(\() | (\))| ([*>]) /g, '$1$2$3')
    .replace(/\b0\./g, '.')
    .replace(/='(\w+)'/g, '=$1')
    .trim();
}
