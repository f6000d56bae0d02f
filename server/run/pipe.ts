/**
 * A pipe for a command's output. What Node.js calls one is a socket: a command cannot open it as /dev/stderr, and sees
 * ECONNRESET instead of SIGPIPE.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Both ends of a pipe. */
export interface Pipe {
  readonly output: Socket;
  /** For the command's `stdio`. */
  readonly inputFd: number;
  /** Once the command has it: the output ends when the last of its writers does. */
  closeInput(): void;
}

/** Null if this system has no named pipes. */
export function createPipe(): Pipe | null {
  const folder = mkdtempSync(join(tmpdir(), 'ingestion-progress-'));
  const path = join(folder, 'pipe');
  try {
    execFileSync('mkfifo', ['-m', '600', path], { stdio: 'ignore' });
    // Without a writer, only this way of opening does not wait.
    const outputFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const inputFd = openSync(path, constants.O_WRONLY);
    const output = new Socket({ fd: outputFd, readable: true, writable: false });
    return { output, inputFd, closeInput: () => closeSync(inputFd) };
  } catch {
    // Windows, or a temporary directory that is full: a socket will do.
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
