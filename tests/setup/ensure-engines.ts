/** Finds or builds what `npm run test:engines` needs beside what `npm test` does; quick if it is all there. */
import { ensureDebianPackages } from './debian-packages.js';
import { ensureMongoJavaServer } from './mongo-java-server.js';

try {
  ensureDebianPackages();
  ensureMongoJavaServer();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
