/** Splits a stream of bytes into lines. A carriage return ends a line, too: many commands rewrite theirs with it. */
import { StringDecoder } from 'node:string_decoder';

/** Characters of an unfinished line after which it is dropped: it is no line of progress. */
const MAX_LINE_LENGTH = 1_000_000;

/** Takes the chunks of one stream. */
export interface LineSplitter {
  push(chunk: Buffer): void;
  /** The stream is over: what is left is a line. */
  end(): void;
}

/** Calls `onLine` for each line that is not empty. */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isDropping = false;
  const take = (line: string): void => {
    if (line !== '' && !isDropping) onLine(line);
    isDropping = false;
  };
  return {
    push(chunk) {
      const lines = decoder.write(chunk).split(/[\r\n]/);
      const last = lines.pop() ?? '';
      for (const line of lines) {
        take(rest + line);
        rest = '';
      }
      rest += last;
      if (rest.length > MAX_LINE_LENGTH) isDropping = true;
      if (isDropping) rest = '';
    },
    end: () => take(rest + decoder.end()),
  };
}
