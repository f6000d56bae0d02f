/** Kind 12: data in the store that is not ours, and requests that are nearly right. */
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';
import { tokenFor } from '../../support/tokens.js';
import { startTarget } from '../harness.js';
import type { Target } from '../harness.js';
import { ask, askGraphql } from '../wire.js';
import { codeIn, startAttacked } from './support.js';

const token = tokenFor({ scope: 'progress:write' });

/** A folder for the store that goes with the test. */
function dataFolder(): string {
  const folder = createTemporaryDirectory();
  onTestFinished(() => folder.delete());
  return folder.path;
}

/** Changes what is in the store while no server has it. */
async function edit(
  folder: string,
  change: (store: ClassicLevel<string, string>) => Promise<void>,
): Promise<void> {
  const store = new ClassicLevel<string, string>(join(folder, 'progress'));
  await store.open();
  await change(store);
  await store.close();
}

async function start(folder: string): Promise<Target> {
  const target = await startTarget({ environment: { DATA_DIR: folder } });
  onTestFinished(() => target.dispose());
  return target;
}

const mutate = ({ port }: Target, name: string, type: string, input: object) =>
  askGraphql(
    { port, address: '127.12.0.1', token },
    `mutation ($input: ${type}!) { ${name}(input: $input) { progress { revision } } }`,
    { input },
  );
const read = ({ port }: Target) =>
  ask({ port, address: '127.12.0.1', token, path: '/api/projects/p/progress' });

test.each(['no JSON at all', '{"serverId":5}', 'null'])(
  'a lease that is none does not keep the server from starting: %s',
  async (lease) => {
    const folder = dataFolder();
    await (await start(folder)).dispose();
    await edit(folder, (store) => store.put('lease!another', lease));
    const target = await start(folder);
    expect((await ask({ port: target.port, address: '127.12.0.1', path: '/readyz' })).status).toBe(200);
  },
);

test('a revision near 2^53 makes nothing that the server then refuses to read', async () => {
  const folder = dataFolder();
  const before = await start(folder);
  await mutate(before, 'startIngestion', 'StartIngestionInput', { projectId: 'p', ingestionId: 'i' });
  expect((await read(before)).status).toBe(200);
  await before.dispose();
  await edit(folder, async (store) => {
    const text = (await store.get('latest!p')) ?? '';
    expect(text).toMatch(/"revision":\d+/);
    await store.put(
      'latest!p',
      text.replaceAll(/"revision":\d+/g, `"revision":${Number.MAX_SAFE_INTEGER - 1}`),
    );
  });
  const target = await start(folder);
  const isReadable = (await read(target)).status === 200;
  const one = { projectId: 'p', ingestionId: 'i' };
  for (let phase = 1; phase <= 4; phase += 1)
    await mutate(target, 'reportPhaseStarted', 'ReportPhaseStartedInput', { ...one, phase, message: 'On' });
  await mutate(target, 'completeIngestion', 'CompleteIngestionInput', { ...one, result: {} });
  target.process.kill('SIGTERM');
  await expect.poll(() => target.ended(), { timeout: 15_000 }).not.toBeNull();
  // Refused from the beginning, or readable to the end.
  const { status, text } = await read(await start(folder));
  expect(text).not.toContain('by hand');
  expect(status === 200).toBe(isReadable);
});

test('what cannot be read of the store is told to readers without a word for those who run the server', async () => {
  const folder = dataFolder();
  const before = await start(folder);
  await mutate(before, 'startIngestion', 'StartIngestionInput', { projectId: 'p', ingestionId: 'i' });
  await before.dispose();
  await edit(folder, (store) => store.put('latest!p', '{"progress":{"id":"broken"}}'));
  const { text } = await read(await start(folder));
  expect(codeIn(text)).not.toBeNull();
  expect(text).not.toMatch(/by hand|latest ingestion of project/);
});

describe('a request that is nearly right', () => {
  test('has BAD_USER_INPUT for bad variables by GET, and no fault in the log', async () => {
    const target = await startAttacked();
    const query = encodeURIComponent('query ($projectId: ID!) { progress(projectId: $projectId) { id } }');
    for (const variables of ['{', '[]', '"text"', '5', '{"projectId":']) {
      const path = `/graphql?query=${query}&variables=${encodeURIComponent(variables)}`;
      const { status, text } = await ask({ port: target.port, address: '127.12.0.2', token, path });
      expect([status, codeIn(text)], variables).toEqual([400, 'BAD_USER_INPUT']);
    }
    expect(target.log().filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });

  test('may spell its content type in any case', async () => {
    const { port } = await startAttacked();
    for (const type of ['APPLICATION/JSON', 'Application/Json; charset=UTF-8']) {
      const { status, text } = await ask({
        ...{ port, address: '127.12.0.3', path: '/graphql', token },
        headers: { 'content-type': type },
        body: JSON.stringify({ query: '{ serverTime }' }),
      });
      expect([status, codeIn(text)], type).toEqual([200, null]);
    }
  });

  test('may not name a project or an ingestion . or .., which have no address to poll', async () => {
    const target = await startAttacked();
    for (const id of ['.', '..']) {
      for (const input of [
        { projectId: id, ingestionId: 'i' },
        { projectId: 'p', ingestionId: id },
      ]) {
        const { text } = await mutate(target, 'startIngestion', 'StartIngestionInput', input);
        expect(codeIn(text), id).toBe('BAD_USER_INPUT');
      }
      const route = { port: target.port, address: '127.12.0.4', token };
      const { text } = await askGraphql(route, `{ progress(projectId: "${id}") { id } }`);
      expect(codeIn(text), id).toBe('BAD_USER_INPUT');
    }
  });
});
