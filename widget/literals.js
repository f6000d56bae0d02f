/** An esbuild plugin that takes comments and needless space out of the css and html literals of the element's own modules. */
import { readFileSync } from 'node:fs';

const LITERAL = /\b(css|html|svg)`((?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|\{[^{}]*\})*\})*)`/g;

/** Only literals without literals inside are touched: those of an outer one are its own. */
export const smallLiterals = {
  name: 'small-literals',
  setup(build) {
    build.onLoad({ filter: /element[\\/](?:styles|view|ingestion).*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        LITERAL,
        (_, tag, text) => `${tag}\`${shrink(tag, text)}\``,
      ),
      loader: 'ts',
    }));
  },
};

function shrink(tag, text) {
  return tag === 'css' ? shrinkCss(text) : shrinkHtml(text);
}

function shrinkCss(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;\}/g, '}')
    .trim();
}

/** A line break between two tags is nothing to see in a flex box or a grid, and all of them stand in one. */
function shrinkHtml(text) {
  return text.replace(/\s+/g, ' ').replace(/> </g, '><').trim();
}
