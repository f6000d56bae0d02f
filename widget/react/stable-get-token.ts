/**
 * Wraps `getToken` in a function that stays the same between renders, so that `getToken={() => …}` does not reconnect on each
 * render. Hooks that are given the same function get the same wrapper, so that they share a connection.
 */
import { useEffect, useInsertionEffect, useState } from 'react';
import type { GetToken } from '../client/index.js';

/** A stable wrapper around the newest function, and the hooks that use it with the function that each was last given. */
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

/** A stable function that calls the newest `getToken`. */
export function useStableGetToken(given: GetToken | undefined): GetToken | undefined {
  const [current, setCurrent] = useState<Source>();
  const source = current ?? (given && sourceOf(given));
  if (source !== current) setCurrent(source);
  // An insertion effect runs before all other effects of the commit, so they know which hooks got a new function together.
  useInsertionEffect(() => {
    if (given) source?.holders.set(setCurrent, given);
    return () => {
      source?.holders.delete(setCurrent);
    };
  }, [source, given]);
  useEffect(() => {
    if (!source || !given || source.newest === given) return;
    if ([...source.holders.values()].every((held) => held === given)) {
      source.newest = given;
      sources.set(given, source);
    } else {
      // Another hook still uses the previous function and must not get this one's tokens.
      setCurrent(sourceOf(given));
    }
  }, [source, given]);
  return given && source?.stable;
}
