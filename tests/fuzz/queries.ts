/** Random documents that the schema allows: any fields, any arguments, also such as break the rules behind the types. */
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type {
  GraphQLField,
  GraphQLInputField,
  GraphQLArgument,
  GraphQLInputType,
  GraphQLOutputType,
  GraphQLSchema,
} from 'graphql';
import { anyId } from './mutations.js';

const DEEPEST = 4;

const quoted = (text: Arbitrary<string>) => text.map((value) => JSON.stringify(value));
/** Mostly what is right, so that rules behind the types are reached too. */
const mostly = (right: Arbitrary<string>, odd: Arbitrary<string>) =>
  fc.oneof({ weight: 7, arbitrary: right }, odd);

const numbers = mostly(
  fc.constantFrom('1', '2', '3', '4'),
  fc.constantFrom('0', '5', '-1', '100', '100.5', '2147483648', '9007199254740993', '1e400'),
);
const strings = mostly(
  fc.constantFrom('A_CODE', 'text'),
  fc.oneof(fc.constantFrom('', 'x'.repeat(3_000)), fc.string({ maxLength: 30 })),
);

const SCALARS: Readonly<Record<string, Arbitrary<string>>> = {
  ID: quoted(mostly(fc.constantFrom('run-1', 'run-2'), anyId)),
  projectId: quoted(mostly(fc.constant('mine'), anyId)),
  projectIds: quoted(mostly(fc.constant('mine'), anyId)),
  String: quoted(strings),
  Int: numbers,
  Float: numbers,
  SafeInt: numbers,
  Timestamp: numbers,
  Boolean: fc.constantFrom('true', 'false'),
  JSON: fc.constantFrom('null', '{a: [1, {b: "c"}]}', '[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]', '"text"'),
};

function value(type: GraphQLInputType, name: string): Arbitrary<string> {
  if (isNonNullType(type)) return value(type.ofType, name);
  if (isListType(type)) {
    return fc.array(value(type.ofType, name), { maxLength: 5 }).map((items) => `[${items.join(', ')}]`);
  }
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map(({ name }) => name));
  if (isInputObjectType(type)) return named(Object.values(type.getFields())).map((fields) => `{${fields}}`);
  return SCALARS[name] ?? SCALARS[type.name] ?? fc.constant('null');
}

/** All that is required, and some of the rest. */
function named(fields: readonly (GraphQLArgument | GraphQLInputField)[]): Arbitrary<string> {
  const parts = fields.map((field) => {
    const given = value(field.type, field.name).map((text) => `${field.name}: ${text}`);
    const required = isNonNullType(field.type) && field.defaultValue === undefined;
    return required ? given : fc.oneof({ weight: 3, arbitrary: fc.constant('') }, given);
  });
  return fc.tuple(...parts).map((texts) => texts.filter((text) => text !== '').join(', '));
}

function selection(type: GraphQLOutputType, depth: number): Arbitrary<string> {
  const bare = getNamedType(type);
  if (!isObjectType(bare) && !isInterfaceType(bare)) return fc.constant('');
  const fields = Object.values(bare.getFields()).filter((child) => depth < DEEPEST || isLeaf(child.type));
  const names = fc.subarray(fields, { minLength: 0, maxLength: Math.min(6, fields.length) });
  return names.chain((chosen) =>
    fc
      .tuple(...chosen.map((child) => field(child, depth + 1)))
      .map((texts) => ` { __typename ${texts.join(' ')} }`),
  );
}

function isLeaf(type: GraphQLOutputType): boolean {
  const bare = getNamedType(type);
  return !isObjectType(bare) && !isInterfaceType(bare);
}

function field({ name, args, type }: GraphQLField<unknown, unknown>, depth: number): Arbitrary<string> {
  const given = args.length === 0 ? fc.constant('') : named(args);
  return fc
    .tuple(given, selection(type, depth))
    .map(([text, inner]) => `${name}${text === '' ? '' : `(${text})`}${inner}`);
}

/** Documents with one root field, of one kind of operation. */
export function documentsOf(
  schema: GraphQLSchema,
  kind: 'query' | 'mutation' | 'subscription',
): Arbitrary<string> {
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  const fields = Object.values(roots[kind]?.getFields() ?? {});
  return fc.constantFrom(...fields).chain((root) => field(root, 1).map((text) => `${kind} { ${text} }`));
}
