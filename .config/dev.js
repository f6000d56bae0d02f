/**
 * `npm run dev`: compiles on each change, builds the bundle, and restarts the demo, whose page then loads itself again.
 * Arguments are the demo's. Ends with Ctrl-C.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const DEMO = 'examples/folder-ingestion/dist/main.js';
let demo = null;
let isBuilding = false;
let isStale = false;

const run = (...command) => spawn(process.execPath, command, { stdio: 'inherit' });
const ended = (child) =>
  child === null || child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve));

/** Again if something was compiled meanwhile. */
async function restart() {
  isStale = true;
  if (isBuilding) return;
  isBuilding = true;
  while (isStale) {
    isStale = false;
    await ended(run('widget/bundle.js'));
    demo?.kill('SIGTERM');
    await ended(demo);
    demo = spawn(process.execPath, [DEMO, ...process.argv.slice(2)], {
      stdio: 'inherit',
      env: { ...process.env, DEMO_RELOAD: 'true' },
    });
  }
  isBuilding = false;
}

const compiler = spawn(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-b', '--watch', '--preserveWatchOutput'],
  { stdio: ['inherit', 'pipe', 'inherit'] },
);
createInterface({ input: compiler.stdout }).on('line', (line) => {
  console.log(line);
  if (line.includes('Found 0 errors')) void restart();
});

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    compiler.kill();
    demo?.kill('SIGTERM');
    ended(demo).then(() => process.exit(0));
  });
