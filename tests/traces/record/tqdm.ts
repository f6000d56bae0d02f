/** Records a Python loop under tqdm, which knows only how many of how many. `tsx tqdm.ts FOLDER FILES NAME` */
import { fileURLToPath } from 'node:url';
import { createRecorder, run, versionOf } from './recorder.js';

const python = '/usr/bin/python3';
const [folder = '/usr/share/doc', files = '5000', name = 'tqdm'] = process.argv.slice(2);
const version = await versionOf(python, '-c', 'import tqdm; print(tqdm.__version__)');
const recorder = createRecorder(`tqdm ${version}: LZMA of each file`);
recorder.startPhase('Pack');
await run(python, [fileURLToPath(new URL('tqdm_loop.py', import.meta.url)), folder, files], (line) => {
  const { n, total } = JSON.parse(line) as { n: number; total: number };
  recorder.say({ itemsDone: n, itemsTotal: total });
});
recorder.save(name);
