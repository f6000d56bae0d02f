import { createOurPeer } from '../peers/ingestion-progress.js';
import { startChild } from '../harness/child.js';
import { pause } from '../harness/time.js';
import { writeHeapSnapshot } from 'node:v8';
import { readFileSync, rmSync } from 'node:fs';
const peer = createOurPeer();
const url = await peer.start(0);
await peer.prepare(
  Array.from({ length: 10 }, (_, i) => `project-${i}`),
  0,
);
const fleet = await startChild<any>('watchers-process.ts', []);
const snap = (f: string) => {
  (globalThis as any).gc();
  writeHeapSnapshot(f);
};
const agg = (f: string) => {
  const s = JSON.parse(readFileSync(f, 'utf8'));
  rmSync(f);
  const fields = s.snapshot.meta.node_fields as string[];
  const types = s.snapshot.meta.node_types[0] as string[];
  const n = fields.length;
  const ti = fields.indexOf('type'),
    ni = fields.indexOf('name'),
    si = fields.indexOf('self_size');
  const m = new Map<string, [number, number]>();
  for (let i = 0; i < s.nodes.length; i += n) {
    const t = types[s.nodes[i + ti]]!;
    let name = s.strings[s.nodes[i + ni]] as string;
    if (t === 'string' || t === 'concatenated string' || t === 'sliced string') name = name.slice(0, 24);
    const k = `${t}:${name.slice(0, 60)}`;
    const e = m.get(k) ?? [0, 0];
    e[0]++;
    e[1] += s.nodes[i + si];
    m.set(k, e);
  }
  return m;
};
await fleet.call('open', { protocol: 'graphql-ws', url, projects: 10, count: 200 });
await pause(1500);
snap('/tmp/bh1.heapsnapshot');
await fleet.call('open', { protocol: 'graphql-ws', url, projects: 10, count: 1000 });
await pause(1500);
snap('/tmp/bh2.heapsnapshot');
const a = agg('/tmp/bh1.heapsnapshot'),
  b = agg('/tmp/bh2.heapsnapshot');
const rows = [...b]
  .map(([k, [c, z]]) => {
    const [c0, z0] = a.get(k) ?? [0, 0];
    return [k, (c - c0) / 1000, (z - z0) / 1000] as const;
  })
  .sort((x, y) => y[2] - x[2]);
console.log(
  'total',
  rows.reduce((s, r) => s + r[2], 0),
);
for (const r of rows.slice(0, 90))
  console.log(r[2].toFixed(0).padStart(6), r[1].toFixed(2).padStart(6), r[0]);
process.exit(0);
