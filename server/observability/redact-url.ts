/** An address as it may be logged or printed: of a server that is spoken to with a password. */

/** Leaves out user and password: all up to the last `@`, since one that was not escaped may hold `/` and `@` itself. */
export function withoutPassword(text: string): string {
  return text.replaceAll(/:\/\/\S*@/g, '://');
}
