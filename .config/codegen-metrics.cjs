/**
 * A codegen plugin: the numbers that a job may report of a phase, each with its scalar, from the input type
 * PhaseMetricsInput. What reads, merges or stores metrics goes by this table, so that a metric is declared in the schema
 * alone. The functions name each property, since the emitter calls them for every item of a job, and V8 reads a property
 * by a variable name five times slower.
 */
module.exports.plugin = (schema) => {
  const fields = Object.values(schema.getType('PhaseMetricsInput').getFields());
  const numbers = fields.filter(({ type }) => ['SafeInt', 'Float'].includes(String(type)));
  return [
    '/** The numbers that a job may report of a phase: `SafeInt` is a count, `Float` any number from 0. */',
    'export const METRICS = {',
    ...numbers.map(({ name, type }) => `  ${name}: '${type}',`),
    '} as const;',
    '',
    '/** A number that a job may report of a phase. */',
    'export type MetricName = keyof typeof METRICS;',
    '',
    '/** Whether a field is one of them. */',
    'export function isMetricName(name: string): name is MetricName {',
    '  switch (name) {',
    ...numbers.map(({ name }) => `    case '${name}':`),
    '      return true;',
    '    default:',
    '      return false;',
    '  }',
    '}',
    '',
    '/** Whether each of them passes the check of its scalar. */',
    'export function everyMetric(',
    '  metrics: { readonly [Name in MetricName]?: unknown },',
    '  isCount: (value: unknown) => boolean,',
    '  isNumber: (value: unknown) => boolean,',
    '): boolean {',
    '  return (',
    numbers
      .map(({ name, type }) => `    ${String(type) === 'SafeInt' ? 'isCount' : 'isNumber'}(metrics.${name})`)
      .join(' &&\n'),
    '  );',
    '}',
    '',
    '/** Copies those that are given to their places in `numbers`, which are those of `METRICS`. */',
    'export function copyMetrics(',
    '  metrics: { readonly [Name in MetricName]?: number | null | undefined },',
    '  numbers: Float64Array,',
    '): void {',
    `  const { ${numbers.map(({ name }) => name).join(', ')} } = metrics;`,
    ...numbers.map(
      ({ name }, index) => `  if (${name} !== null && ${name} !== undefined) numbers[${index}] = ${name};`,
    ),
    '}',
    '',
  ].join('\n');
};
