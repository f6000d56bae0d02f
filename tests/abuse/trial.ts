/**
 * One attack of a family, drawn by a seed, on a server of its own, and the verdict over it. The long form judges by
 * absolute figures, on a machine of its own. The short one judges by what a plain server of the same run suffers under
 * an equal load, times what other processes stretched the attacked server's work by.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../chaos/random.js';
import { familyNamed } from './families/index.js';
import {
  CONTAINER_BYTES,
  MEMORY_SLACK_BYTES,
  createHonestParty,
  judgeLog,
  memoryBack,
  quantile,
  startAttacker,
  startTarget,
} from './harness.js';
import type { Experience, Tally, Target } from './harness.js';

/** Which of the two forms. */
export type Form = 'short' | 'long';

/** How long each form attacks, in milliseconds; the plain server of the short one for as long. */
const ATTACK_MS: Readonly<Record<Form, number>> = { short: 5_000, long: 10_000 };
/** Honest users at work before anything is measured, in milliseconds: code that runs is compiled. */
const WARM_UP_MS = 1_500;
/** What is judged: the long form's bound, and below what the short one does not compare, in milliseconds. */
const BOUNDS = {
  eventP99Ms: { what: "an event (p99 of all watchers')", mostMs: 1_000, unnoticedMs: 250 },
  readyWorstMs: { what: '/readyz (the slowest)', mostMs: 500, unnoticedMs: 500 },
  newcomerWorstMs: { what: 'a newcomer (the slowest)', mostMs: 2_000, unnoticedMs: 1_000 },
} as const;
/** How much slower than a plain server ours may be under an equal load. */
const MOST_RATIO = 5;

/** What was measured. */
export interface Figures {
  readonly eventP99Ms: number;
  readonly readyWorstMs: number;
  readonly newcomerWorstMs: number;
  /** Of the plain server; null in the long form. */
  readonly plain: Pick<Figures, 'eventP99Ms' | 'readyWorstMs' | 'newcomerWorstMs'> | null;
  readonly peakMb: number;
  readonly grownMb: number;
  readonly cpuMsEach: number;
  readonly logKb: number;
  /** How many times longer the server's work took because other processes had the CPU: 1 on a machine of its own. */
  readonly stretched: number;
}

/** The verdict. */
export interface Trial {
  readonly family: string;
  readonly seed: number;
  readonly form: Form;
  readonly plan: unknown;
  readonly tally: Tally | null;
  readonly figures: Figures | null;
  readonly violations: readonly string[];
}

const summary = ({ eventsMs, readyMs, newcomersMs }: Experience) => ({
  eventP99Ms: Math.round(quantile(eventsMs, 0.99)),
  readyWorstMs: Math.round(Math.max(0, ...readyMs)),
  newcomerWorstMs: Math.round(Math.max(0, ...newcomersMs)),
});

/** Honest users and an attacker on one server. */
async function attack(
  target: Target,
  order: { readonly family: string; readonly seed: number; readonly durationMs: number },
  onReady: () => void | Promise<void> = () => undefined,
): Promise<{ readonly experience: Experience; readonly tally: Tally | null; readonly stretched: number }> {
  const party = await createHonestParty(target.port);
  try {
    await delay(WARM_UP_MS);
    await onReady();
    const attacker = startAttacker({ ...order, port: target.port });
    await attacker.begun;
    party.begin();
    const before = target.scheduled();
    const tally = await attacker.done;
    const after = target.scheduled();
    const ranMs = Math.max(1, after.ranMs - before.ranMs);
    const stretched = 1 + Math.max(0, after.waitedMs - before.waitedMs) / ranMs;
    return { experience: await party.experience(), tally, stretched };
  } finally {
    party.dispose();
  }
}

/** What a plain server's honest users meet with under the same attack. */
async function attackPlain(order: { family: string; seed: number; durationMs: number }) {
  const program = ['--import', 'tsx', fileURLToPath(new URL('plain-server.ts', import.meta.url))];
  await using plain = await startTarget({ program, heapMb: null });
  const { experience } = await attack(plain, order);
  return summary(experience);
}

/** Runs it. Rejects only if the machine does not let it. */
export async function runTrial(name: string, seed: number, form: Form): Promise<Trial> {
  const family = familyNamed(name);
  const plan = family.draw(createRandom(seed));
  const order = { family: name, seed, durationMs: ATTACK_MS[form] };
  const violations: string[] = [];
  await using target = await startTarget({ environment: family.environment ?? {} });
  let [usedBefore, cpuBefore, lineBefore, beganAt] = [0, 0, 0, 0];
  const { experience, tally, stretched } = await attack(target, order, async () => {
    usedBefore = (await target.usedBytes()) ?? 0;
    [cpuBefore, lineBefore, beganAt] = [target.cpuMs(), target.lines.length, performance.now()];
  });
  const trial = { family: name, seed, form, plan, tally };
  const [cpu, peakBytes] = [target.cpuMs() - cpuBefore, target.peakBytes()];
  const ended = target.ended();
  if (ended !== null) return { ...trial, figures: null, violations: [ended] };

  const written = target.lines.slice(lineBefore);
  violations.push(...experience.complaints.slice(0, 5));
  violations.push(...judgeLog(written, performance.now() - beganAt));
  if (tally === null) violations.push('the attacker did not come to its end');
  const used = await memoryBack(target, usedBefore + MEMORY_SLACK_BYTES);
  const grownMb = Math.round((used - usedBefore) / 1_048_576);
  if (used - usedBefore > MEMORY_SLACK_BYTES) violations.push(`${grownMb} MB more in use, 30 s after it`);
  const peakMb = Math.round(peakBytes / 1_048_576);
  if (peakBytes > CONTAINER_BYTES) violations.push(`${peakMb} MB resident at its peak`);

  const ours = summary(experience);
  const plain = form === 'short' ? await attackPlain(order) : null;
  for (const figure of ['eventP99Ms', 'readyWorstMs', 'newcomerWorstMs'] as const) {
    const { what, mostMs, unnoticedMs } = BOUNDS[figure];
    const bound =
      plain === null ? mostMs : Math.round(stretched * Math.max(unnoticedMs, MOST_RATIO * plain[figure]));
    const beside = plain === null ? '' : `, of a plain server ${plain[figure]} ms`;
    if (ours[figure] > bound)
      violations.push(`${what} took ${ours[figure]} ms${beside}; at most ${bound} ms`);
  }
  const cpuMsEach = Math.round((100 * cpu) / Math.max(1, tally?.hostile ?? 0)) / 100;
  const logKb = Math.round(written.reduce((total, { text }) => total + text.length, 0) / 1_024);
  return {
    ...trial,
    figures: {
      ...ours,
      plain,
      peakMb,
      grownMb,
      cpuMsEach,
      logKb,
      stretched: Math.round(10 * stretched) / 10,
    },
    violations,
  };
}

/** How a trial is had again. */
export function againBy({ family, seed, form }: Pick<Trial, 'family' | 'seed' | 'form'>): string {
  return `npm run test:abuse -- --family ${family} --seeds 1 --first ${seed}${form === 'short' ? ' --short' : ''}`;
}
