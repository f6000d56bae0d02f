/** Storybook's configuration. Generates the stories of the state table before Storybook looks for them. */
import { fileURLToPath } from 'node:url';
import type { StorybookConfig } from '@storybook/web-components-vite';
import { writeStateStories } from './write-states.js';

writeStateStories(fileURLToPath(new URL('./generated', import.meta.url)));

const config: StorybookConfig = {
  stories: ['./*.mdx', './*.stories.ts', './generated/*.stories.ts'],
  addons: ['@storybook/addon-docs', '@storybook/addon-a11y'],
  framework: '@storybook/web-components-vite',
  core: { disableTelemetry: true, disableWhatsNewNotifications: true },
  viteFinal: (vite) => ({
    ...vite,
    base: './', // works from any path
    resolve: { ...vite.resolve, conditions: ['source', 'module', 'browser', 'development|production'] },
    oxc: { decorator: { legacy: true } },
  }),
};

// Storybook looks for the default export of its main file.
export default config;
