import { startPair } from '../scenarios/pair.js';
import { pause } from '../harness/time.js';
for (const subject of (process.argv[2] ?? 'ingestion-progress').split(',')) {
  const pair = await startPair(subject as never, 10);
  const held = async () => {
    await pause(700);
    await pair.server.call('collect');
    await pause(500);
    await pair.server.call('collect');
    const u = await pair.server.call('usage');
    return u;
  };
  await pair.open(1000);
  const a = await held();
  await pair.open(2000);
  const b = await held();
  console.log(
    subject,
    'rss',
    ((b.rssBytes - a.rssBytes) / 2e6).toFixed(2),
    'heap',
    ((b.heapBytes - a.heapBytes) / 2e6).toFixed(2),
  );
  await pair.end();
}
process.exit(0);
