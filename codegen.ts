import type { CodegenConfig } from '@graphql-codegen/cli';

const scalars = { ID: 'string', Timestamp: 'number', SafeInt: 'number', JSON: 'unknown' };

const operations = {
  plugins: ['typescript-operations', './.config/codegen-documents.cjs'],
  config: { scalars, strictScalars: true, useTypeImports: true, enumsAsTypes: true, dedupeFragments: true },
};

/**
 * Three outputs from one schema: typed resolvers for the server, the documents that the widget sends, as strings with
 * their types, so that no graphql-js reaches a browser, and the table of metrics.
 */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: 'schema/operations.graphql',
  generates: {
    'schema/generated/resolvers.ts': {
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
        scalars,
        strictScalars: true,
        useTypeImports: true,
        enumsAsTypes: true,
        contextType: 'unknown',
        makeResolverTypeCallable: true,
        skipTypename: true,
        inputMaybeValue: 'T | null | undefined',
        avoidOptionals: { field: true, inputValue: false, object: true, defaultValue: false },
      },
    },
    'schema/generated/operations.ts': operations,
    // The widget carries its own copy, so that who embeds it installs nothing else of ours.
    'widget/generated/operations.ts': operations,
    'schema/generated/metrics.ts': { plugins: ['./.config/codegen-metrics.cjs'] },
  },
};

// graphql-codegen looks for the default export of its configuration file.
export default config;
