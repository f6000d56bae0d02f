/** Reads the token of a request: from a header, or from the payload of connection_init. Never from a URL. */

const BEARER = /^Bearer +([\w.~+/-]+=*) *$/i;

/** The token of an `Authorization: Bearer …` line; null if there is none. */
export function bearerToken(header: string | null | undefined): string | null {
  return header === null || header === undefined ? null : (BEARER.exec(header)?.[1] ?? null);
}

/** The token in `connectionParams`: `token`, or `Authorization` or `authorization` as `Bearer …`. */
export function connectionToken(params: Readonly<Record<string, unknown>> | undefined): string | null {
  const token = params?.['token'];
  if (typeof token === 'string' && token !== '') return bearerToken(token) ?? token;
  for (const name of ['Authorization', 'authorization']) {
    const header = params?.[name];
    if (typeof header === 'string') return bearerToken(header);
  }
  return null;
}
