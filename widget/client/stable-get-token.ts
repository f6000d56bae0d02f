/**
 * Wraps `getToken` in a function that stays the same when the host passes a new one, so that `getToken={() => …}` does not
 * reconnect on each render. Users of the same function (elements, providers and hooks) get the same wrapper, so that they
 * share a connection.
 */
import type { GetToken } from './types.js';

/** Something that was given a `getToken`; the property is its newest function. */
export interface TokenUser {
  readonly getToken?: GetToken | undefined;
}

/** A stable wrapper around the newest function, and its users. */
export interface TokenFunction {
  readonly stable: GetToken;
  readonly users: Set<TokenUser>;
  newest: GetToken;
}

const byFunction = new WeakMap<GetToken, TokenFunction>();
const byUser = new WeakMap<TokenUser, TokenFunction>();

/** The wrapper that all users of a function share. */
export function tokenFunctionOf(getToken: GetToken): TokenFunction {
  const known = byFunction.get(getToken);
  if (known?.newest === getToken) return known;
  const made: TokenFunction = {
    stable: (request) => made.newest(request),
    users: new Set(),
    newest: getToken,
  };
  byFunction.set(getToken, made);
  return made;
}

/** Takes over a user's new function: the same wrapper if all its users were given that function, else another one. */
export function renewTokenFunction(current: TokenFunction, given: GetToken): TokenFunction {
  if (current.newest === given) return current;
  // Another user still has the previous function and must not get this one's tokens.
  if ([...current.users].some(({ getToken }) => getToken !== given)) return tokenFunctionOf(given);
  current.newest = given;
  byFunction.set(given, current);
  return current;
}

/**
 * The stable function of a user. Call it once all users that change together have their new functions.
 *
 * @internal
 */
export function stableGetToken(user: TokenUser): GetToken | undefined {
  const { getToken } = user;
  if (typeof getToken !== 'function') return releaseGetToken(user);
  const before = byUser.get(user);
  const current = before ? renewTokenFunction(before, getToken) : tokenFunctionOf(getToken);
  if (before !== current) releaseGetToken(user);
  byUser.set(user, current);
  current.users.add(user);
  return current.stable;
}

/**
 * The user is gone: its function no longer counts.
 *
 * @internal
 */
export function releaseGetToken(user: TokenUser): undefined {
  byUser.get(user)?.users.delete(user);
  byUser.delete(user);
}
