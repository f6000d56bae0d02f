/** Generates the stories of the state table, one file for each state of the job, since Storybook only reads stories from files. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { STATE_TABLE, titleOf } from './state-table.js';

/** Replaces the contents of `folder`. */
export function writeStateStories(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [job, connections] of Object.entries(STATE_TABLE)) {
    const stories = connections.map(
      (connection) => `export const ${capital(connection)} = stateStory('${job}', '${connection}');`,
    );
    const text = [
      `import { stateStory } from '../state-story.js';`,
      '',
      `export default { title: 'States/${titleOf(job)}' };`,
      '',
      ...stories,
      '',
    ].join('\n');
    writeFileSync(`${folder}/${job}.stories.ts`, text);
  }
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
