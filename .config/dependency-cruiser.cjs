// Who may import whom. tests/check/import-rules.test.ts proves that these rules bite.
const DRIVERS =
  '^(mongodb|classic-level|ioredis|jsonwebtoken|jwks-rsa)$|node_modules/(mongodb|classic-level|ioredis|jsonwebtoken|jwks-rsa)/';
const NODE_IO = '^(node:)?(fs|net|http|https|child_process|worker_threads|dns|tls)(/|$)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'server-and-widget-apart',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: '^(widget|examples|storybook|tests|bench)/' },
    },
    {
      name: 'widget-and-server-apart',
      severity: 'error',
      from: { path: '^widget/' },
      to: { path: '^(server|examples|storybook|tests|bench)/' },
    },
    {
      name: 'schema-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^schema/' },
      to: { path: '^(server|widget|examples|storybook|tests|bench)/' },
    },
    {
      name: 'pure-files-import-no-io',
      severity: 'error',
      from: {
        path: '^(server/progress/[^/]+|server/ingestion/throttle|widget/client/(connection-machine(-steps)?|watch-machine|connection-state|retry-policy|backoff|reduce-progress|progress-events|view))\\.ts$',
      },
      to: {
        path: `${NODE_IO}|${DRIVERS}|server/(store|bus)/.*-(store|bus)\\.ts$|widget/client/environment\\.ts$`,
      },
    },
    {
      name: 'ports-import-domain-types-only',
      severity: 'error',
      from: { path: '^server/(store/progress-store|bus/event-bus|auth/access)\\.ts$' },
      to: { pathNot: '^(schema/|server/(progress/record|shared/errors|auth/viewer)\\.ts)' },
    },
    {
      name: 'drivers-behind-adapters',
      severity: 'error',
      from: {
        path: '^(server|schema)/',
        pathNot: '^server/((store|bus)/[^/]*|auth/(jwt|jwks)[^/]*)\\.ts$',
      },
      to: { path: DRIVERS },
    },
    {
      name: 'adapters-named-at-the-root-only',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/((main|index|adapters)\\.ts|store/|bus/)' },
      to: { path: '^server/(store/(mongo|embedded|memory)|bus/(redis|memory))[^/]*\\.ts$' },
    },
    {
      name: 'graphql-knows-no-transport',
      severity: 'error',
      from: { path: '^server/graphql/' },
      to: { path: '^server/transport/' },
    },
    {
      name: 'rules-know-no-graphql',
      severity: 'error',
      from: { path: '^server/(progress|ingestion|emitter|write-behind|commands|cluster|store|bus)/' },
      to: { path: '^server/(graphql|transport|watch)/|node_modules/(graphql|graphql-yoga|graphql-ws|ws)/' },
    },
    {
      name: 'client-without-lit',
      severity: 'error',
      from: { path: '^widget/client/' },
      to: { path: '^widget/(element|react|vue|terminal)/|node_modules/(lit|@lit|react|@?vue)/' },
    },
    {
      name: 'element-uses-the-client-index',
      severity: 'error',
      from: { path: '^widget/element/' },
      to: { path: '^widget/client/', pathNot: '^widget/client/index\\.ts$' },
    },
    {
      name: 'adapters-without-lit',
      severity: 'error',
      from: { path: '^widget/(react|vue|terminal)/' },
      to: { path: '^widget/element/|node_modules/(lit|@lit)/' },
    },
    {
      name: 'no-graphql-js-in-the-browser',
      severity: 'error',
      from: { path: '^widget/' },
      to: {
        path: '^node_modules/graphql/|^schema/(events|generated/resolvers)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'reporter-stands-alone',
      severity: 'error',
      from: { path: '^server/reporter/' },
      to: { path: '^server/', pathNot: '^server/reporter/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.d.ts'],
    },
  },
};
