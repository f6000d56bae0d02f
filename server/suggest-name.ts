/** Finds misspelled environment variables, which would otherwise be ignored without a word. */
import { VARIABLES } from './variables.js';

/** The Levenshtein distance of two words. */
function distance(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (const [row, letter] of [...one].entries()) {
    const line = [row + 1];
    for (const [place, opposite] of [...other].entries()) {
      const [left = 0, over = 0, across = 0] = [line[place], above[place + 1], above[place]];
      line.push(Math.min(left + 1, over + 1, across + (letter === opposite ? 0 : 1)));
    }
    above = line;
  }
  return above.at(-1) ?? 0;
}

/** A sentence for each; none if the similar variable is set too, since the other one then belongs to another program. */
export function suggestNames(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const missing = Object.keys(VARIABLES).filter((name) => environment[name] === undefined);
  return Object.keys(environment)
    .filter((name) => !Object.hasOwn(VARIABLES, name))
    .flatMap((name) => {
      // One letter in five: short names have too many neighbours.
      const meant = missing.find((known) => distance(name, known) <= Math.floor(known.length / 5));
      return meant === undefined ? [] : [`Unknown variable ${name}. Did you mean ${meant}?`];
    });
}
