/** Connection settings of an element, else of its provider. Values of the wrong type are ignored with a warning. */
import type { ProviderValue } from './provider-context.js';
import { tokenFrom } from './token-url.js';
import { warnOnce } from './warnings.js';

/** Settings that both an element and its provider have, as a client takes them. */
export type SharedSettings = Pick<ProviderValue, (typeof NAMES)[number]>;
/** The same, as given. */
export type GivenSettings = SharedSettings & Pick<ProviderValue, 'tokenUrl'>;

const NAMES = ['endpoint', 'wsEndpoint', 'token', 'getToken'] as const;

/** Merges the settings. An empty attribute counts as not set; of `getToken` and `token-url` on one element the former wins. */
export function sharedSettings(own: GivenSettings, inherited: GivenSettings | undefined): SharedSettings {
  const valid = (name: (typeof NAMES)[number], value: unknown): unknown => {
    if (typeof value === (name === 'getToken' ? 'function' : 'string')) return value;
    if (value) warnInvalid(name);
    return '';
  };
  const merged = Object.fromEntries(
    NAMES.map((name) => [name, valid(name, own[name]) || valid(name, inherited?.[name]) || undefined]),
  ) as SharedSettings;
  const { endpoint, wsEndpoint } = merged;
  const isOwnFunction = typeof own.getToken === 'function';
  const tokenUrl = isOwnFunction ? null : own.tokenUrl || (merged.getToken ? null : inherited?.tokenUrl);
  return tokenUrl ? { ...merged, getToken: tokenFrom(tokenUrl, endpoint, wsEndpoint) } : merged;
}

/** Warns about a property that is ignored. */
export const warnInvalid = (name: string): void => warnOnce(`Ignoring invalid value for ${name}.`);
