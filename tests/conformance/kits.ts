/** The reporters that must pass, each with a driver: a program that takes commands on its standard input. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleReporter } from '../server/reporter/job-process.js';

/** A reporter and how its driver is started. */
export interface Kit {
  readonly name: string;
  /** The program and its arguments. `directory` is empty, and stays until the tests are over. */
  readonly command: (directory: string) => Promise<readonly string[]>;
}

const driver = (name: string) => fileURLToPath(new URL(`drivers/${name}`, import.meta.url));

/** Add a reporter in another language here. */
export const KITS: readonly Kit[] = [
  {
    name: 'JavaScript',
    command: async (directory) => {
      await bundleReporter(directory);
      return [process.execPath, driver('javascript.mjs'), join(directory, 'reporter.mjs')];
    },
  },
];
