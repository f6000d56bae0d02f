/** Finds or installs everything that the tests need besides npm packages; fast if everything is present. */
import { ensurePython } from '../clients/python.js';
import { ensureDebianPackages } from './debian-packages.js';
import { ensureMongo } from './mongodb.js';

try {
  ensureDebianPackages();
  ensureMongo();
  ensurePython();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
