/** Connection settings of an element, else of its provider. Values of the wrong type are ignored with a warning. */
import type { ProviderValue } from './provider-context.js';
import { warnOnce } from './warnings.js';

/** Settings that both an element and its provider have. */
export type SharedSettings = Pick<ProviderValue, (typeof NAMES)[number]>;

const NAMES = ['endpoint', 'wsEndpoint', 'token', 'getToken'] as const;

/** Merges the settings. An empty attribute counts as not set. */
export function sharedSettings(own: SharedSettings, inherited: SharedSettings | undefined): SharedSettings {
  const valid = (name: (typeof NAMES)[number], value: unknown): unknown => {
    if (typeof value === (name === 'getToken' ? 'function' : 'string')) return value;
    if (value) warnInvalid(name);
    return '';
  };
  return Object.fromEntries(
    NAMES.map((name) => [name, valid(name, own[name]) || valid(name, inherited?.[name]) || undefined]),
  ) as SharedSettings;
}

/** Warns about a property that is ignored. */
export const warnInvalid = (name: string): void => warnOnce(`Ignoring invalid value for ${name}.`);
