/**
 * `token-url`: a `getToken` for pages without a script. Since markup alone may come from a stranger (a CMS, sanitized HTML), its
 * token is only sent to the page's own origin, to that of `token-url`, and to those that a script allowed.
 */
import { DEFAULTS, OperationError, type GetToken } from '../client/index.js';
import { notifyLanguageChange } from './language.js';

const allowedOrigins = new Set<string>();
/** By address, so that elements with the same one share a connection; a refused one by its reason. */
const functions = new Map<string, GetToken>();

/**
 * Allows other origins to receive tokens from `token-url`. Only a script can do this, never markup.
 *
 * @example
 * import { allowTokenTo } from '@ingestion-progress/widget';
 *
 * allowTokenTo(['https://progress.example.com']);
 */
export function allowTokenTo(origins: readonly string[]): void {
  for (const origin of origins) allowedOrigins.add(originOf(new URL(origin)));
  notifyLanguageChange();
}

/** The `getToken` of a `token-url`, for these endpoints; it rejects if one of them must not receive the token. */
export function tokenFrom(
  tokenUrl: string,
  endpoint: string = DEFAULTS.endpoint,
  wsEndpoint = endpoint,
): GetToken {
  const base = document.baseURI;
  if (!URL.canParse(tokenUrl, base)) return refuse('TOKEN_URL_INVALID', `Invalid token-url "${tokenUrl}".`);
  const url = new URL(tokenUrl, base);
  const own = [self.origin, originOf(url), ...allowedOrigins];
  for (const address of [endpoint, wsEndpoint]) {
    // The client reports an invalid endpoint itself.
    const origin = URL.canParse(address, base) ? originOf(new URL(address, base)) : self.origin;
    if (!own.includes(origin)) {
      return refuse(
        'ENDPOINT_NOT_ALLOWED',
        `The token of token-url must not be sent to ${origin}. Allow it by a script: allowTokenTo(['${origin}']).`,
      );
    }
  }
  return remember(url.href, ({ signal }) => fetchToken(url, signal));
}

/** A WebSocket's origin is that of its https: or http: address. */
const originOf = ({ protocol, host }: URL): string => `${protocol.replace('ws', 'http')}//${host}`;

function remember(key: string, getToken: GetToken): GetToken {
  const known = functions.get(key) ?? getToken;
  functions.set(key, known);
  return known;
}

const refuse = (code: string, message: string): GetToken =>
  remember(message, () => Promise.reject(new OperationError({ policy: 'fatal', error: { code, message } })));

async function fetchToken(url: URL, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, {
    signal,
    cache: 'no-store',
    credentials: 'same-origin',
    // The browser follows no redirect to another origin: for another origin's address it is checked below.
    mode: url.origin === self.origin ? 'same-origin' : 'cors',
    headers: { accept: 'application/json, text/plain' },
  });
  if (response.redirected && new URL(response.url).origin !== url.origin)
    throw new Error(`${url.href} redirects to another origin.`);
  if (!response.ok) throw new Error(`${url.href} answered ${String(response.status)}.`);
  const text = (await response.text()).trim();
  const token: unknown = text.startsWith('{') ? (JSON.parse(text) as { token?: unknown }).token : text;
  if (typeof token === 'string' && /^[\w.~+/=-]+$/.test(token)) return token;
  throw new Error(`${url.href} must answer with a token, as text or as {"token": "…"}.`);
}
