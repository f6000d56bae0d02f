// Who may import whom. tests/check/import-rules.test.ts proves that each rule bites, and that the paths in it exist.
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const DRIVERS =
  '^(mongodb|classic-level|ioredis|jsonwebtoken)$|node_modules/(mongodb|classic-level|ioredis|jsonwebtoken)/';
const NODE_IO =
  '^(node:)?(fs|net|http|https|child_process|worker_threads|dns|tls|timers|perf_hooks|crypto)(/|$)';

const PORTS = ['store/progress-store', 'bus/event-bus'];
const LEAVES = ['shared', 'observability'];

/** What each room of server/ may import of the others. */
const ROOMS = {
  shared: [],
  observability: ['shared'],
  progress: ['shared'],
  store: ['progress', ...LEAVES],
  bus: ['progress', ...LEAVES],
  cluster: [...PORTS, ...LEAVES],
  'write-behind': ['progress', 'store/progress-store', ...LEAVES],
  commands: ['progress', ...PORTS, ...LEAVES],
  ingestion: ['progress', 'write-behind', 'commands', 'cluster', ...PORTS, ...LEAVES],
  emitter: ['progress', 'ingestion', ...LEAVES],
  auth: LEAVES,
  watch: ['progress', 'bus/event-bus', ...LEAVES],
  list: ['progress', 'auth', ...PORTS, ...LEAVES],
  graphql: ['progress', 'ingestion', 'watch', 'list', 'auth', 'store/progress-store', ...LEAVES],
  transport: ['progress', 'ingestion', 'watch', 'list', 'auth', 'graphql', ...LEAVES],
  run: ['reporter'],
};

const roomRules = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `${room}-imports`,
  severity: 'error',
  from: { path: `^server/${room}/` },
  to: { path: '^server/', pathNot: `^server/(${[room, ...allowed].join('|')})[/.]` },
}));

/** The files that call themselves pure in their head comment. */
const PURE = ['schema', 'server', 'widget'].flatMap((top) =>
  readdirSync(join(__dirname, '..', top), { recursive: true })
    .map((file) => `${top}/${file}`)
    .filter((file) => /\.tsx?$/.test(file) && !/(^|\/)(dist|node_modules)\//.test(file))
    .filter((file) => {
      const text = readFileSync(join(__dirname, '..', file), 'utf8');
      return text.startsWith('/**') && /\bpure\b/i.test(text.slice(0, text.indexOf('*/')));
    }),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-folder-cycles',
      severity: 'error',
      scope: 'folder',
      from: { path: '^server/.' },
      to: { circular: true },
    },
    ...roomRules,
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
      from: { path: [...PURE.map((file) => `^${file}$`), '^server/progress/'] },
      to: {
        path: `${NODE_IO}|${DRIVERS}|server/shared/(clock|sleep)\\.ts$|widget/client/environment\\.ts$`,
      },
    },
    {
      name: 'ports-import-types-of-progress-only',
      severity: 'error',
      from: { path: '^server/(store/progress-store|bus/event-bus|auth/access)\\.ts$' },
      to: {
        pathNot:
          '^(schema/|server/(progress/(record|open-ingestion|problem|list-place)|shared/(errors|unsubscribe)|auth/viewer)\\.ts)',
      },
    },
    {
      name: 'drivers-behind-adapters',
      severity: 'error',
      from: {
        path: '^(server|schema)/',
        pathNot: '^server/((store|bus)/[^/]*|auth/jwt)\\.ts$',
      },
      to: { path: DRIVERS },
    },
    {
      name: 'adapters-named-at-the-root-only',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/(index\\.ts|store/|bus/)' },
      to: { path: '^server/(store/(mongo|embedded|memory)|bus/(redis|memory))[^/]*\\.ts$' },
    },
    {
      name: 'rules-know-no-graphql',
      severity: 'error',
      from: { path: '^server/(progress|ingestion|emitter|write-behind|commands|cluster|store|bus)/' },
      to: { path: 'node_modules/(graphql|graphql-yoga|graphql-ws|ws)/' },
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
      to: { path: '^widget/element/|node_modules/(lit|@lit)/', dependencyTypesNot: ['type-only'] },
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
      name: 'reporter-imports-shared-only',
      severity: 'error',
      from: { path: '^server/reporter/' },
      to: {
        path: '^(server|schema)/|node_modules/',
        pathNot: '^(server/(reporter/|shared/(backoff|sleep|thrown|track)\\.ts$)|schema/ids\\.ts$)',
        dependencyTypesNot: ['type-only'],
      },
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
