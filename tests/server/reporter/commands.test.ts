/** Listening for commands for longer than any stream, token or server lives. */
import { expect, it, onTestFinished } from 'vitest';
import { createReporter } from '../../../server/reporter/index.js';
import { createWorld } from './scripted-server.js';

function listening() {
  const world = createWorld();
  const reporter = createReporter({
    endpoint: 'http://server.test/graphql',
    projectId: 'p1',
    token: 't',
    environment: world.environment,
  });
  onTestFinished(() => reporter.dispose());
  return { world, reporter };
}

it('comes back within a second or two each time a stream has lived, however often', async () => {
  const { world, reporter } = listening();
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const alive = () => streams.at(-1)?.enqueue(new TextEncoder().encode(':\n\n'));
  world.script = () => new Response(new ReadableStream({ start: (made) => void streams.push(made) }));
  reporter.onRetry(() => undefined);
  await world.settle();
  for (let life = 1; life <= 8; life += 1) {
    expect(world.heard).toHaveLength(life);
    alive();
    await world.pass(12_000);
    alive();
    await world.settle();
    streams.at(-1)?.close();
    await world.pass(2_000);
  }
});

it('backs off where streams end as soon as they began', async () => {
  const { world, reporter } = listening();
  world.script = () => new Response(':\n\n');
  reporter.onRetry(() => undefined);
  await world.pass(62_000);
  expect(world.heard.map(({ at }) => at / 1_000)).toEqual([0, 1, 3, 7, 15, 31, 61]);
});

it('leaves nothing behind at each return', async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error) => void warnings.push(name);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const { world, reporter } = listening();
  world.script = () => 'refuse';
  reporter.onRetry(() => undefined);
  await world.pass(600_000);
  expect(world.heard.length).toBeGreaterThan(20);
  expect(warnings).toEqual([]);
});
