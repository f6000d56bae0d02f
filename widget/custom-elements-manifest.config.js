/**
 * What editors and frameworks read about the elements: configures `cem analyze`, which bundle.js runs, to write the custom
 * elements manifest and, by plugins, VS Code's custom data, JetBrains' web-types, and types for React's JSX and Vue's
 * templates.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { generateJetBrainsWebTypes } from 'custom-element-jet-brains-integration';
import { generateJsxTypes } from 'custom-element-jsx-integration';
import { generateVsCodeCustomElementData } from 'custom-element-vs-code-integration';
import { generateVuejsTypes } from 'custom-element-vuejs-integration';

const TAGS = {
  IngestionProgressElement: 'ingestion-progress',
  IngestionProviderElement: 'ingestion-provider',
};
const LIFECYCLE =
  /^(connected|disconnected|attributeChanged)Callback$|^(requestUpdate|scheduleUpdate|willUpdate|updated|firstUpdated|render|styles|observedAttributes|provided)$/;

const outdir = 'dist';
// their hover text would give `undefined` as the default of each custom property
const options = { outdir, hideLogs: true, hideCssPropertiesDocs: true };

// cem looks for the default export of its configuration file
export default {
  globs: ['element/*-element.ts', 'element/*-settings.ts'],
  litelement: true,
  quiet: true,
  outdir,
  plugins: [
    {
      name: 'public-api',
      packageLinkPhase({ customElementsManifest }) {
        for (const module of customElementsManifest.modules) {
          module.path = module.path.replace(/^(.*)\.ts$/, 'dist/$1.js');
          module.declarations?.forEach(keepPublicApi);
        }
        writeEditorFiles(customElementsManifest);
      },
    },
  ],
};

function keepPublicApi(declaration) {
  const tagName = TAGS[declaration.name];
  if (tagName !== undefined) Object.assign(declaration, { customElement: true, tagName });
  declaration.members = declaration.members?.filter(
    ({ name, privacy = 'public', static: isStatic }) =>
      privacy === 'public' && !isStatic && !name.startsWith('#') && !LIFECYCLE.test(name),
  );
  // not the platform's `lang`, which has no field
  declaration.attributes = declaration.attributes?.filter(({ fieldName }) => fieldName !== undefined);
  for (const { type } of [...(declaration.members ?? []), ...(declaration.attributes ?? [])]) {
    if (type) type.text = type.text.replace('TransportChoice', "'auto' | 'websocket' | 'polling'");
  }
}

function writeEditorFiles(manifest) {
  generateVsCodeCustomElementData(manifest, options);
  generateJetBrainsWebTypes(manifest, options);
  const types = { ...options, globalTypePath: './index.js' };
  generateJsxTypes(templateTypes(manifest), { ...types, fileName: 'jsx.d.ts' });
  extend('jsx.d.ts', JSX);
  generateVuejsTypes(templateTypes(manifest, pascalCase), { ...types, fileName: 'vue.d.ts' });
  extend('vue.d.ts', VUE);
}

/** The manifest as the generators of types need it: both names of each setting, and typed events. */
function templateTypes(manifest, eventName = (name) => name) {
  const copy = structuredClone(manifest);
  for (const declaration of copy.modules.flatMap(({ declarations = [] }) => declarations)) {
    // a member that names its attribute would be left out
    declaration.members?.forEach((member) => delete member.attribute);
    declaration.members = declaration.members?.filter(({ readonly }) => !readonly);
    declaration.attributes = declaration.attributes?.filter(({ name, fieldName }) => name !== fieldName);
    declaration.events?.forEach((event) => {
      event.type = { text: `IngestionProgressEventMap['${event.name}']['detail']` };
      event.name = eventName(event.name);
    });
  }
  return copy;
}

/** Vue reads `@ingestion-complete` as the property `onIngestionComplete`. */
function pascalCase(name) {
  return name.replace(/(^|-)(\w)/g, (_match, _dash, letter) => letter.toUpperCase());
}

function extend(fileName, text) {
  const path = `${outdir}/${fileName}`;
  writeFileSync(path, `${readFileSync(path, 'utf8')}${text}`);
}

/** React's attributes and events, which the generator does not know, and `style` with our custom properties. */
const JSX = `
import type * as React from 'react';
import type { IngestionProgressEventMap } from './index.js';

type InReact<Element, Props> = { [Name in keyof Props]: Props[Name] | undefined } & Omit<
  React.DetailedHTMLProps<React.HTMLAttributes<Element>, Element>,
  'style'
> & {
    style?: (React.CSSProperties & { [name: \`--ingestion-\${string}\`]: string | number }) | undefined;
  };

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'ingestion-progress': InReact<IngestionProgressElement, IngestionProgressElementProps>;
      'ingestion-provider': InReact<IngestionProviderElement, IngestionProviderElementProps>;
    }
  }
}
`;

const VUE = `
import type { IngestionProgressEventMap } from './index.js';
export type { IngestionProgressElementProps, IngestionProviderElementProps };
export * from './vue/index.js';
`;
