/** An esbuild plugin that takes comments and needless space out of the css literals of the element's own modules. */
import { readFileSync } from 'node:fs';

/** None of ours has a value put in. */
const LITERAL = /\bcss`([^`$]*)`/g;

export const smallCssLiterals = {
  name: 'small-css-literals',
  setup(build) {
    build.onLoad({ filter: /element[\\/].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(LITERAL, (_, text) => `css\`${shrink(text)}\``),
      loader: 'ts',
    }));
  },
};

function shrink(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;\}/g, '}')
    .trim();
}
