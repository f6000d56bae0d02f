/**
 * Records ffmpeg: a film is encoded with x264, told by `-progress pipe:`. `tsx ffmpeg.ts` makes a film of 30 scenes of
 * 5 s, drawn at random; `tsx ffmpeg.ts noise` one whose middle third is noise, which takes ten times as long.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomOf } from '../synthetic.js';
import { createRecorder, run, versionOf } from './recorder.js';

const SECONDS = 150;
const RATE = 25;
const SIZE = `size=640x360:rate=${RATE}`;
const SCENES = [
  `testsrc2=${SIZE}`,
  `mandelbrot=${SIZE}`,
  `testsrc=${SIZE}`,
  `life=${SIZE}:mold=10:ratio=0.1`,
];
const isNoisy = process.argv[2] === 'noise';
const folder = mkdtempSync(join(tmpdir(), 'trace-'));
const film = join(folder, 'film.mkv');
const source = (seconds: number, scene = '') => ['-f', 'lavfi', '-t', String(seconds), '-i', scene];

async function makeFilm(): Promise<void> {
  const encode = ['-c:v', 'mpeg4', '-q:v', '3', film];
  if (isNoisy) {
    const graph = '[1:v]noise=alls=40:allf=t[n];[0:v][n][2:v]concat=n=3:v=1:a=0';
    const inputs = SCENES.slice(0, 3).flatMap((scene) => source(SECONDS / 3, scene));
    await run('ffmpeg', ['-y', ...inputs, '-filter_complex', graph, ...encode], () => undefined);
    return;
  }
  const random = randomOf(1);
  const inputs = Array.from({ length: SECONDS / 5 }, () =>
    source(5, SCENES[Math.floor(random() * SCENES.length)]),
  );
  const all = inputs.map((_, index) => `[${index}:v]`).join('');
  const graph = `${all}concat=n=${inputs.length}:v=1:a=0`;
  await run('ffmpeg', ['-y', ...inputs.flat(), '-filter_complex', graph, ...encode], () => undefined);
}

try {
  await makeFilm();
  const version = (await versionOf('ffmpeg', '-version')).split(' Copyright')[0] ?? '';
  const recorder = createRecorder(`${version} -c:v libx264 -preset medium -progress pipe:`);
  recorder.startPhase('Encode');
  let frame = 0;
  let bytes = 0;
  const args = ['-y', '-nostats', '-v', 'error', '-progress', 'pipe:1', '-stats_period', '0.5', '-i', film];
  await run('ffmpeg', [...args, '-c:v', 'libx264', '-preset', 'medium', join(folder, 'out.mp4')], (line) => {
    const [key, value = ''] = line.split('=');
    if (key === 'frame') frame = Number(value);
    if (key === 'total_size') bytes = Number(value);
    if (key !== 'out_time_us') return;
    const percent = Math.max(0, Math.min(100, (100 * Number(value)) / 1e6 / SECONDS));
    if (Number.isNaN(percent)) return;
    // The bytes of the output have no total that one could know.
    recorder.say({ percent, itemsDone: frame, itemsTotal: SECONDS * RATE, bytesDone: bytes });
  });
  recorder.save(isNoisy ? 'ffmpeg-noise' : 'ffmpeg');
} finally {
  rmSync(folder, { recursive: true });
}
