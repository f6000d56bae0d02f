/** One function for as long as there is one at all, so that `getToken={() => …}` costs no new connection each render. */
import { useCallback, useEffect, useRef } from 'react';
import type { GetToken } from '../client/index.js';

/** The newest `getToken` behind a function that stays the same. */
export function useStableGetToken(getToken: GetToken | undefined): GetToken | undefined {
  const newest = useRef(getToken);
  useEffect(() => {
    newest.current = getToken;
  });
  const stable = useCallback<GetToken>((request) => newest.current?.(request) ?? '', []);
  return getToken === undefined ? undefined : stable;
}
