import { defineConfig } from 'vitest/config';

// Vitest looks for the default export of its configuration file.
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  resolve: {
    conditions: ['source'],
    // One instance of graphql: Node takes its CommonJS file, where Vite would take the `module` field.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'default'] } },
  oxc: { decorator: { legacy: true } },
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', 'tests/browser/element/**'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // What is waited for by looking again may take long on a busy machine; a second is the default.
    expect: { poll: { timeout: 15_000 } },
    reporters: ['default'],
    // Two cores, and servers, databases and a browser beside us.
    maxWorkers: 2,
  },
});
