/**
 * Writes what editors and frameworks read about the elements, all out of one analysis of the source: the custom elements
 * manifest, VS Code's data, JetBrains' web-types, and types for React's JSX and Vue's templates. Run by bundle.js.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

const TAGS = {
  IngestionProgressElement: 'ingestion-progress',
  IngestionProviderElement: 'ingestion-provider',
};

/** Analyses `source` (the widget's folder) and writes every file into `target`. */
export function writeManifests(source, target) {
  const manifest = analyse(source, target);
  const elements = manifest.modules
    .flatMap(({ declarations = [] }) => declarations)
    .filter(({ tagName }) => tagName !== undefined)
    .map(describe);
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const write = (name, content) => {
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
    writeFileSync(join(target, name), text);
  };
  write('custom-elements.json', manifest);
  write('vscode.html-custom-data.json', htmlData(elements));
  write('vscode.css-custom-data.json', cssData(elements));
  write('web-types.json', webTypes(elements, version));
  write('jsx.d.ts', jsxTypes(elements));
  write('vue.d.ts', vueTypes(elements));
}

function analyse(source, target) {
  const root = dirname(
    createRequire(import.meta.url).resolve('@custom-elements-manifest/analyzer/package.json'),
  );
  const cli = join(root, 'cem.js');
  const globs = ['element/*-element.ts', 'element/*-settings.ts'];
  execFileSync(
    process.execPath,
    [cli, 'analyze', '--litelement', '--quiet', '--outdir', relative(source, target), '--globs', ...globs],
    {
      cwd: source,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const manifest = JSON.parse(readFileSync(join(target, 'custom-elements.json'), 'utf8'));
  for (const module of manifest.modules) {
    // what is shipped lies in dist, as JavaScript
    module.path = module.path.replace(/^(.*)\.ts$/, 'dist/$1.js');
    for (const each of module.declarations ?? []) {
      const tagName = TAGS[each.name];
      if (tagName !== undefined) Object.assign(each, { customElement: true, tagName });
      each.members = each.members?.filter(isPublic);
      each.attributes = each.attributes?.filter(({ fieldName }) => fieldName !== undefined); // not the platform's lang
    }
  }
  return manifest;
}

const LIFE_CYCLE =
  /^(connected|disconnected|attributeChanged)Callback$|^(requestUpdate|scheduleUpdate|willUpdate|updated|firstUpdated|render|styles|observedAttributes|provided)$/;

function isPublic({ name, privacy, static: isStatic }) {
  return privacy === undefined || privacy === 'public'
    ? !isStatic && !name.startsWith('#') && !LIFE_CYCLE.test(name)
    : false;
}

function describe(declaration) {
  const fields = (declaration.members ?? []).filter(({ kind }) => kind === 'field');
  return {
    tag: declaration.tagName,
    className: declaration.name,
    description: declaration.description ?? '',
    attributes: (declaration.attributes ?? []).map(({ name, fieldName, description = '', type }) => ({
      name,
      fieldName,
      description,
      type: type?.text ?? 'string',
    })),
    properties: fields
      .filter(({ readonly }) => readonly !== true)
      .map(({ name, description = '', type }) => ({
        name,
        description,
        type: type?.text ?? 'unknown',
      })),
    events: declaration.events ?? [],
    slots: declaration.slots ?? [],
    parts: declaration.cssParts ?? [],
    cssProperties: declaration.cssProperties ?? [],
  };
}

/** `'a' | 'b'` gives its values; a boolean attribute has none. */
function valuesOf(type) {
  if (/TransportChoice/.test(type)) return ['auto', 'websocket', 'polling'].map((name) => ({ name }));
  return [];
}

function htmlData(elements) {
  return {
    version: 1.1,
    tags: elements.map(({ tag, description, attributes }) => ({
      name: tag,
      description,
      attributes: attributes.map(({ name, description: text, type }) => ({
        name,
        description: text,
        ...(type === 'boolean' ? { valueSet: 'v' } : { values: valuesOf(type) }),
      })),
    })),
  };
}

function cssData(elements) {
  return {
    version: 1.1,
    properties: elements
      .flatMap(({ cssProperties }) => cssProperties)
      .map(({ name, description }) => ({ name, description })),
    pseudoElements: elements
      .filter(({ parts }) => parts.length > 0)
      .map(({ tag, parts }) => ({
        name: '::part()',
        description: `Parts of <${tag}>: ${parts.map(({ name }) => name).join(', ')}`,
      })),
  };
}

function webTypes(elements, version) {
  return {
    $schema: 'https://raw.githubusercontent.com/JetBrains/web-types/master/schema/web-types.json',
    name: '@ingestion-progress/widget',
    version,
    'description-markup': 'markdown',
    contributions: {
      html: {
        elements: elements.map((element) => ({
          name: element.tag,
          description: element.description,
          attributes: element.attributes.map(({ name, description, type }) => ({
            name,
            description,
            value: { type, ...(type === 'boolean' ? { kind: 'no-value' } : {}) },
          })),
          slots: element.slots.map(({ name, description }) => ({
            name: name === '' ? 'default' : name,
            description,
          })),
          js: {
            properties: element.properties.map(({ name, description, type }) => ({
              name,
              description,
              value: { type },
            })),
            events: element.events.map(({ name, description }) => ({ name, description })),
          },
          css: {
            parts: element.parts.map(({ name, description }) => ({ name, description })),
            properties: element.cssProperties.map(({ name, description }) => ({ name, description })),
          },
        })),
      },
    },
  };
}

const IMPORTS = `import type {
  IngestionProgressElement,
  IngestionProgressEventMap,
  IngestionProviderElement,
} from './index.js';
`;

function attributeTypes({ attributes }) {
  return attributes
    .filter(({ name, fieldName }) => name !== fieldName)
    .map(({ name, type }) => `  '${name}'?: ${/boolean|number/.exec(type)?.[0] ?? 'string'} | undefined;`);
}

function propertyTypes({ className, properties }) {
  return properties.map(({ name }) => `  ${name}?: ${className}['${name}'] | undefined;`);
}

/** React's own type of `style` has no custom properties. */
const STYLE =
  '  style?: (React.CSSProperties & { [name: `--ingestion-${string}`]: string | number }) | undefined;';

function jsxTypes(elements) {
  const shapes = elements.map((element) => {
    const events = element.events.map(
      ({ name }) => `  'on${name}'?: ((event: IngestionProgressEventMap['${name}']) => void) | undefined;`,
    );
    const lines = [...attributeTypes(element), ...propertyTypes(element), ...events, STYLE];
    return `/** Attributes, properties and events of \`<${element.tag}>\` in JSX. */
export interface ${element.className}Props
  extends React.DetailedHTMLProps<React.HTMLAttributes<${element.className}>, ${element.className}> {
${lines.join('\n')}
}
`;
  });
  const tags = elements.map(({ tag, className }) => `      '${tag}': ${className}Props;`);
  return `/** Types of the elements in React's JSX: \`import type {} from '@ingestion-progress/widget/jsx'\`. */
import type * as React from 'react';
${IMPORTS}
${shapes.join('\n')}
declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
${tags.join('\n')}
    }
  }
}
`;
}

function vueTypes(elements) {
  const shapes = elements.map((element) => {
    const events = element.events.map(
      ({ name }) =>
        `  on${pascal(name)}?: ((event: IngestionProgressEventMap['${name}']) => void) | undefined;`,
    );
    return `/** Attributes, properties and events of \`<${element.tag}>\` in a template. */
export interface ${element.className}Props {
${[...attributeTypes(element), ...propertyTypes(element), ...events].join('\n')}
}
`;
  });
  const tags = elements.map(({ tag, className }) => `    '${tag}': DefineComponent<${className}Props>;`);
  return `/** The composable, and types of the elements in Vue's templates: \`import type {} from '@ingestion-progress/widget/vue'\`. */
export * from './vue/index.js';
import type { DefineComponent } from 'vue';
${IMPORTS}
${shapes.join('\n')}
declare module 'vue' {
  interface GlobalComponents {
${tags.join('\n')}
  }
}
`;
}

function pascal(name) {
  return name.replace(/(^|-)(\w)/g, (_, __, letter) => letter.toUpperCase());
}
