/** The stable `getToken` of client/stable-get-token.ts as a hook. */
import { useEffect, useInsertionEffect, useState } from 'react';
import type { GetToken } from '../client/index.js';
import {
  renewTokenFunction,
  tokenFunctionOf,
  type TokenFunction,
  type TokenUser,
} from '../client/stable-get-token.js';

/** A stable function that calls the newest `getToken`. */
export function useStableGetToken(given: GetToken | undefined): GetToken | undefined {
  const [user] = useState<{ -readonly [Name in keyof TokenUser]: TokenUser[Name] }>({});
  // not set while rendering, which would render again with yet another function
  const [current, setCurrent] = useState<TokenFunction | undefined>(() => given && tokenFunctionOf(given));
  const source = current ?? (given && tokenFunctionOf(given));
  if (source !== current) setCurrent(source);
  // An insertion effect runs before all other effects of the commit, so they know which hooks got a new function together.
  useInsertionEffect(() => {
    user.getToken = given;
    if (given) source?.users.add(user);
    return () => {
      source?.users.delete(user);
    };
  }, [user, source, given]);
  useEffect(() => {
    if (source && given) setCurrent(renewTokenFunction(source, given));
  }, [source, given]);
  return given && source?.stable;
}
