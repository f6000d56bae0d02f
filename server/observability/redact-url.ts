/** Addresses as they may be logged or printed: of a server that is spoken to with a password. Pure. */

/**
 * Leaves out user, password and query of an address: all up to the last `@`, since a password that was not escaped may
 * hold `/`, `@` and spaces, and all from the `?`, which may hold one too.
 */
export function withoutPassword(text: string): string {
  return text.replaceAll(/:\/\/[^]*@/g, '://').replace(/(:\/\/[^?]*)\?[^]*$/, '$1');
}
