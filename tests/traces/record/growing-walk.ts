/**
 * Records a walk whose total grows: a walker finds files, folder by folder, while two workers hash those that were
 * found. The total is what was found so far. `tsx growing-walk.ts FOLDER NAME`
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createRecorder } from './recorder.js';

const [root = '/usr/share', name = 'growing-walk'] = process.argv.slice(2);
const recorder = createRecorder(
  `Node ${process.version}: breadth-first walk, SHA-512 of each file, two workers`,
);
recorder.startPhase('Hash');
const folders = [root];
const files: string[] = [];
const counts = { itemsDone: 0, itemsTotal: 0, bytesDone: 0, bytesTotal: 0 };

async function enter(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) folders.push(path);
    if (!entry.isFile()) continue;
    files.push(path);
    counts.itemsTotal += 1;
    counts.bytesTotal += (await stat(path)).size;
  }
}

async function hash(path: string): Promise<void> {
  await pipeline(createReadStream(path), createHash('sha512'), async (digest) => {
    for await (const _ of digest) continue;
  });
  counts.itemsDone += 1;
  counts.bytesDone += (await stat(path)).size;
}

/** Each worker enters the next folder, then hashes a few files, as a crawler that shares its time. */
async function work(): Promise<void> {
  while (folders.length > 0 || files.length > 0) {
    const folder = folders.shift();
    if (folder !== undefined) await enter(folder);
    for (const file of files.splice(0, 6)) await hash(file);
    recorder.say(counts);
  }
}

await Promise.all([work(), work()]);
recorder.save(name);
