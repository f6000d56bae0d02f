/** Every attribute under a control, over any state of the table. */
import '@ingestion-progress/widget/define';
import type { Meta, StoryObj } from '@storybook/web-components-vite';
import { CONNECTIONS, STATE_TABLE, type ConnectionName, type JobName } from './state-table.js';
import { stateElement } from './state-story.js';

interface Args {
  job: JobName;
  connection: ConnectionName;
  label: string;
  compact: boolean;
  stalledAfter: number;
  allowRetry: boolean;
  allowCancel: boolean;
  accent: string;
  trackHeight: number;
  radius: number;
}

const meta: Meta<Args> = {
  title: 'Playground',
  component: 'ingestion-progress',
  argTypes: {
    job: { control: 'select', options: Object.keys(STATE_TABLE), table: { category: 'story' } },
    connection: { control: 'select', options: Object.keys(CONNECTIONS), table: { category: 'story' } },
    accent: { control: 'color', table: { category: 'tokens' } },
    trackHeight: { control: { type: 'range', min: 4, max: 24 }, table: { category: 'tokens' } },
    radius: { control: { type: 'range', min: 0, max: 12 }, table: { category: 'tokens' } },
  },
  args: {
    job: 'running',
    connection: 'connected',
    label: 'Team handbook',
    compact: false,
    stalledAfter: 45,
    allowRetry: false,
    allowCancel: false,
    accent: '',
    trackHeight: 10,
    radius: 6,
  },
  render: ({ job, connection, accent, trackHeight, radius, ...settings }) => {
    const element = Object.assign(stateElement(job, connection), settings);
    if (accent !== '') element.style.setProperty('--ingestion-accent', accent);
    element.style.setProperty('--ingestion-track-height', `${String(trackHeight)}px`);
    element.style.setProperty('--ingestion-radius', `${String(radius)}px`);
    return element;
  },
};

export default meta;

/** The default. */
export const Element: StoryObj<Args> = {};

/** One line, for table rows. */
export const Compact: StoryObj<Args> = { args: { compact: true, label: '' } };

/** A theme made with custom properties. */
export const Themed: StoryObj<Args> = { args: { accent: '#0f766e', trackHeight: 16, radius: 2 } };

/** Slots with content of the host. */
export const Slots: StoryObj<Args> = {
  render: () => {
    const element = stateElement('completed', 'connected');
    element.innerHTML = `<strong slot="heading">Books of 2026</strong>
      <span slot="complete">412 books are on the shelf.</span>
      <button slot="actions" type="button">Open the library</button>`;
    return element;
  },
};
