/**
 * One function for as long as there is one at all, so that `getToken={() => …}` costs no new connection each render; the
 * same for everybody who is given the same function, so that they share a connection.
 */
import { useEffect, useInsertionEffect, useState } from 'react';
import type { GetToken } from '../client/index.js';

/** A function that stays the same over the page's newest, and who holds it with what they were given last. */
interface Source {
  readonly stable: GetToken;
  readonly holders: Map<object, GetToken>;
  newest: GetToken;
}

const sources = new WeakMap<GetToken, Source>();

function sourceOf(getToken: GetToken): Source {
  const known = sources.get(getToken);
  if (known?.newest === getToken) return known;
  const source: Source = {
    stable: (request) => source.newest(request),
    holders: new Map(),
    newest: getToken,
  };
  sources.set(getToken, source);
  return source;
}

/** The newest `getToken` behind a function that stays the same. */
export function useStableGetToken(given: GetToken | undefined): GetToken | undefined {
  const [kept, keep] = useState<Source>();
  const source = kept ?? (given && sourceOf(given));
  if (source !== kept) keep(source);
  // Before any other effect of the commit: then it is known who is given another function together.
  useInsertionEffect(() => {
    if (given) source?.holders.set(keep, given);
    return () => {
      source?.holders.delete(keep);
    };
  }, [source, given]);
  useEffect(() => {
    if (!source || !given || source.newest === given) return;
    if ([...source.holders.values()].every((held) => held === given)) {
      source.newest = given;
      sources.set(given, source);
    } else {
      // Somebody else still holds the other one, and is not to be given this one's tokens.
      keep(sourceOf(given));
    }
  }, [source, given]);
  return given && source?.stable;
}
