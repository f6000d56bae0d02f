/** Every family of attacks, by name. */
import type { Family } from '../family.js';
import { answers } from './answers.js';
import { commands } from './commands.js';
import { documents } from './documents.js';
import { fragments } from './fragments.js';
import { refusals } from './refusals.js';
import { sockets } from './sockets.js';

/** Families, whatever their plans are. */
export const FAMILIES: readonly Family<unknown>[] = [
  ...[fragments, documents, answers, sockets, commands, refusals].map((family) => family as Family<unknown>),
];

/** The family of that name. */
export function familyNamed(name: string): Family<unknown> {
  const family = FAMILIES.find((one) => one.name === name);
  if (family !== undefined) return family;
  throw new RangeError(
    `No family is called ${name}; there are: ${FAMILIES.map((one) => one.name).join(', ')}.`,
  );
}
