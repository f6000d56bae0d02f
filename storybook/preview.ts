/** The frame around each story: theme, direction, language and width from the toolbar, and an accessibility check that fails. */
import type { Decorator, Preview } from '@storybook/web-components-vite';
import { setCustomElementsManifest } from '@storybook/web-components-vite';
import { registerMessages } from '@ingestion-progress/widget';
import { allMessages } from '../widget/element/locales/all.js';
import manifest from '../widget/dist/custom-elements.json';

setCustomElementsManifest(manifest);
registerMessages(...allMessages);

const PAGE = {
  light: { background: '#ffffff', color: '#1c2028' },
  dark: { background: '#14171d', color: '#e8eaef' },
} as const;

const surroundings: Decorator = (story, { globals, viewMode }) => {
  const theme = globals['theme'] === 'dark' ? 'dark' : 'light';
  const { style } = document.documentElement;
  style.colorScheme = theme;
  document.documentElement.lang = String(globals['language']);
  document.documentElement.dir = String(globals['direction']);
  const frame = document.createElement('div');
  Object.assign(frame.style, {
    ...PAGE[theme],
    font: '14px/20px system-ui, "Liberation Sans", sans-serif',
    inlineSize: globals['width'] === 'full' ? 'auto' : `${String(globals['width'])}px`,
    padding: '16px',
    boxSizing: 'border-box',
  });
  if (viewMode !== 'docs') document.body.style.background = PAGE[theme].background;
  frame.append(story() as HTMLElement);
  return frame;
};

const preview: Preview = {
  decorators: [surroundings],
  initialGlobals: { theme: 'light', direction: 'ltr', language: 'en', width: '760' },
  globalTypes: {
    theme: {
      description: 'Colour scheme of the page',
      toolbar: { title: 'Theme', icon: 'mirror', items: ['light', 'dark'], dynamicTitle: true },
    },
    direction: {
      description: 'Direction of the page',
      toolbar: { title: 'Direction', icon: 'transfer', items: ['ltr', 'rtl'], dynamicTitle: true },
    },
    language: {
      description: 'Language of the page',
      toolbar: {
        title: 'Language',
        icon: 'globe',
        items: allMessages.map(({ language }) => language),
        dynamicTitle: true,
      },
    },
    width: {
      description: 'Room for the element, in pixels',
      toolbar: {
        title: 'Width',
        icon: 'grow',
        items: ['240', '320', '420', '760', '1200', 'full'],
        dynamicTitle: true,
      },
    },
  },
  parameters: {
    layout: 'fullscreen',
    a11y: { test: 'error' },
    controls: { expanded: true },
    docs: { story: { inline: true } },
    options: { storySort: { order: ['Overview', 'Playground', 'Scenarios', 'States'] } },
  },
};

// Storybook looks for the default export of its preview file.
export default preview;
