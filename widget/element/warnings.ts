/** One line in the host's console for each mistake, never twice; those of language only while developing. */

declare const process: { readonly env: { readonly NODE_ENV?: string } };

const said = new Set<string>();

/** Says a mistake of the host's once. */
export function warnOnce(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  console.warn(`<ingestion-progress>: ${message}`);
}

/** The same, but silent in production and where there is no bundler to tell the two apart. */
export function warnInDevelopment(message: string): void {
  if (isDevelopment()) warnOnce(message);
}

function isDevelopment(): boolean {
  try {
    return process.env.NODE_ENV !== 'production';
  } catch {
    return false; // no bundler put a value in place, and a browser has no `process`
  }
}
