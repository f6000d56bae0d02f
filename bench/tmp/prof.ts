import { startPair } from '../scenarios/pair.js';
import { pause } from '../harness/time.js';
const subject = (process.argv[2] ?? 'ingestion-progress') as never;
const [w, p, e] = (process.argv[3] ?? '1000,10,20').split(',').map(Number) as [number, number, number];
const pair = await startPair(subject, p);
await pair.open(w);
await pair.server.call('emit', { events: 10, intervalMs: 510 });
for (let i = 0; i < 2; i++) {
  await pause(300);
  await pair.server.call('resetDelay');
  const idle0 = await pair.server.call('usage');
  await pause(2000);
  const idle1 = await pair.server.call('usage');
  const before = await pair.server.call('usage');
  await pair.watchers.call('reset');
  const em = await pair.server.call('emit', { events: e, intervalMs: 510 });
  await pause(300);
  const after = await pair.server.call('usage');
  const r = await pair.watchers.call('summary', em);
  console.log(
    subject,
    (((after.cpuMs - before.cpuMs) * 1000) / r.delivered).toFixed(1),
    'µs',
    'p50',
    r.p50Ms.toFixed(2),
    'p99',
    r.p99Ms.toFixed(2),
    'delay max',
    after.delayMaxMs.toFixed(1),
    'idle cpu ms/s',
    ((idle1.cpuMs - idle0.cpuMs) / 2).toFixed(1),
  );
}
await pair.server.call('profile');
await pair.server.call('emit', { events: e, intervalMs: 510 });
for (const l of await pair.server.call('profile')) console.log(l.percent.toFixed(2), l.place);
await pair.end();
process.exit(0);
