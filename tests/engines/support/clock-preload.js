/**
 * Preloaded into a server (`NODE_OPTIONS=--import …`): its wall clock is off by the milliseconds in the file that
 * CLOCK_SKEW_FILE names, read at the start and again at each SIGUSR2. The monotonic clock goes on as it is.
 */
import { readFileSync } from 'node:fs';

const file = process.env.CLOCK_SKEW_FILE ?? '';
let skewMs = Number(readFileSync(file, 'utf8'));
process.on('SIGUSR2', () => {
  skewMs = Number(readFileSync(file, 'utf8'));
});

const MachineDate = Date;
globalThis.Date = class extends MachineDate {
  constructor(...parts) {
    if (parts.length === 0) super(MachineDate.now() + skewMs);
    else super(...parts);
  }

  static now() {
    return MachineDate.now() + skewMs;
  }
};
