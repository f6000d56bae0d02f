/** Console warnings for the host, each once; missing translations only in development. */

declare const process: { readonly env: { readonly NODE_ENV?: string } };

const warned = new Set<string>();

/** Logs a warning once. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  console.warn(`<ingestion-progress>: ${message}`);
}

/** The same, but silent in production and without a bundler. */
export function warnInDevelopment(message: string): void {
  if (isDevelopment()) warnOnce(message);
}

function isDevelopment(): boolean {
  try {
    return process.env.NODE_ENV !== 'production';
  } catch {
    return false; // without a bundler there is no `process` in a browser
  }
}
