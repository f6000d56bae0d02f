import { defineConfig } from 'vitest/config';

// Vitest requires a default export.
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  resolve: {
    conditions: ['source'],
    // One instance of graphql: Node loads its CommonJS file, Vite would load the `module` field.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'default'] } },
  oxc: { decorator: { legacy: true } },
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', 'tests/browser/element/**'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Polled expectations may take long on a busy machine; the default is one second.
    expect: { poll: { timeout: 15_000 } },
    reporters: ['default'],
    // Two cores, which servers, databases and a browser share.
    maxWorkers: 2,
  },
});
