/**
 * A codegen plugin: each operation as a typed string with the fragments it needs and nothing to spare, since browsers
 * load it. (The stock typed-document-node plugin keeps the line breaks, adds a class, and its types import a package.)
 */
const { print, stripIgnoredCharacters, visit } = require('graphql');

const capital = (name) => name[0].toUpperCase() + name.slice(1);

function fragmentsOf(node, fragments, found = new Set()) {
  visit(node, {
    FragmentSpread({ name }) {
      if (found.has(name.value)) return;
      found.add(name.value);
      fragmentsOf(fragments.get(name.value), fragments, found);
    },
  });
  return found;
}

module.exports.plugin = (_schema, documents) => {
  const definitions = documents.flatMap(({ document }) => document.definitions);
  const fragments = new Map(
    definitions.filter(({ kind }) => kind === 'FragmentDefinition').map((node) => [node.name.value, node]),
  );
  const operations = definitions.filter(({ kind }) => kind === 'OperationDefinition');
  const lines = operations.map((node) => {
    const needed = [...fragmentsOf(node, fragments)].map((name) => fragments.get(name));
    const text = stripIgnoredCharacters([node, ...needed].map(print).join('\n'));
    const type = `${node.name.value}${capital(node.operation)}`;
    return `export const ${node.name.value}Document = '${text}' as TypedDocument<${type}, ${type}Variables>;`;
  });
  return [
    '/** The text of an operation, with the types of what it takes and gives. */',
    'export type TypedDocument<Result, Variables> = string & {',
    '  readonly __types?: (variables: Variables) => Result;',
    '};',
    '',
    ...lines,
    '',
  ].join('\n');
};
