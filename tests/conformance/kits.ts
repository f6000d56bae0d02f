/** The reporters that must pass, each with a driver: a program that takes commands on its standard input. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleReporter } from '../server/reporter/job-process.js';

/** A reporter and how its driver is started. */
export interface Kit {
  readonly name: string;
  /** Whether the language tells a library with which exit code the process is about to end. */
  readonly knowsExitCode: boolean;
  /** The program and its arguments. `directory` is empty, and stays until the tests are over. */
  readonly command: (directory: string) => Promise<readonly string[]>;
}

const driver = (name: string) => fileURLToPath(new URL(`drivers/${name}`, import.meta.url));

/** The Python package; it may also be elsewhere. */
const PYTHON =
  process.env['PYTHON_KIT'] ?? fileURLToPath(new URL('../../clients/python/src', import.meta.url));

const python: Kit = {
  name: 'Python',
  knowsExitCode: false,
  command: () =>
    Promise.resolve([
      'env',
      `PYTHONPATH=${PYTHON}`,
      'PYTHONDONTWRITEBYTECODE=1',
      'python3',
      driver('python_driver.py'),
    ]),
};

/** Add a reporter in another language here. */
export const KITS: readonly Kit[] = [
  ...(existsSync(PYTHON) ? [python] : []),
  {
    name: 'JavaScript',
    knowsExitCode: true,
    command: async (directory) => {
      await bundleReporter(directory);
      return [process.execPath, driver('javascript.mjs'), join(directory, 'reporter.mjs')];
    },
  },
];
