/** How to connect, as an element says itself, else as its provider says; what is of the wrong type is told of and ignored. */
import type { ProviderValue } from './provider-context.js';
import { warnOnce } from './warnings.js';

/** What an element and its provider can both say. */
export type SharedSettings = Pick<ProviderValue, (typeof NAMES)[number]>;

const NAMES = ['endpoint', 'wsEndpoint', 'token', 'getToken'] as const;

/** The settings of a connection. An empty attribute says nothing. */
export function sharedSettings(own: SharedSettings, above: SharedSettings | undefined): SharedSettings {
  const fitting = (name: (typeof NAMES)[number], value: unknown): unknown => {
    if (typeof value === (name === 'getToken' ? 'function' : 'string')) return value;
    if (value) warnUnfit(name);
    return '';
  };
  return Object.fromEntries(
    NAMES.map((name) => [name, fitting(name, own[name]) || fitting(name, above?.[name]) || undefined]),
  ) as SharedSettings;
}

/** Tells of a property that is ignored. */
export const warnUnfit = (name: string): void =>
  warnOnce(`${name} has a value that it cannot have; it is ignored.`);
