/**
 * The problems of the embedded store's ingestions. A key says what has to be known to plan and to filter (attempt, place,
 * code, severity), so that only the page that is asked for is read.
 */
import { sumTotals, type ProblemTotal, type StoredProblem } from '../progress/problem.js';
import { parseProblem, parseTotals, readOrLog } from '../progress/record-codec.js';
import type { Logger } from '../observability/logger.js';
import type { Level } from './embedded-files.js';
import { del, put } from './embedded-index.js';
import { problemsOf, restOf, under } from './embedded-keys.js';
import { decodeCursor, encodeCursor, parseSortKey, sortKey, type SortPosition } from './paging.js';
import {
  countOf,
  matchesFilter,
  planProblems,
  problemSortKey,
  totalsOf,
  type ProblemEntry,
} from './problem-index.js';
import type { ProgressStore } from './progress-store.js';

interface Entry extends ProblemEntry {
  readonly key: string;
  readonly place: SortPosition;
}

const padded = (attempt: number) => String(attempt).padStart(10, '0');

function keyOf(prefix: string, problem: StoredProblem): string {
  const { attempt, code, severity } = problem;
  return `${prefix}!${padded(attempt)}!${problemSortKey(problem)}!${code}!${severity}`;
}

function entryOf(prefix: string, key: string): Entry[] {
  const [attempt, position = '', code = '', severity] = key.slice(prefix.length + 1).split('!');
  const place = parseSortKey(position);
  if (place === null || (severity !== 'ERROR' && severity !== 'WARNING')) return [];
  return [{ key, place, attempt: Number(attempt), id: place.id, code, severity }];
}

/** Creates them; `appendProblems` has to be called in order with the writes. */
export function createEmbeddedProblems(options: {
  readonly db: () => Level;
  readonly logger: Logger;
}): Pick<ProgressStore, 'appendProblems' | 'listProblems'> {
  const { db, logger } = options;

  const entriesOf = async (prefix: string): Promise<readonly Entry[]> => {
    const found = await db().keys(under(prefix)).all();
    return found.flatMap((key) => entryOf(prefix, key));
  };

  const readRest = async (key: string): Promise<readonly ProblemTotal[]> => {
    const text = await db().get(key);
    return text === undefined ? [] : readOrLog(logger, key, [], () => parseTotals(text, key));
  };

  return {
    appendProblems: async (projectId, ingestionId, problems, most) => {
      const [{ attempt } = { attempt: 0 }] = problems;
      const prefix = problemsOf(projectId, ingestionId);
      const restKey = `${restOf(projectId, ingestionId)}!${padded(attempt)}`;
      const kept = await entriesOf(prefix);
      const rest = await readRest(restKey);
      const plan = planProblems(kept, rest, problems, most);
      const added = plan.add.map((problem) => put(keyOf(prefix, problem), JSON.stringify(problem)));
      const sum = sumTotals([...rest, ...plan.rest]);
      const operations = [...plan.drop.map(({ key }) => del(key)), ...added];
      if (plan.rest.length > 0) operations.push(put(restKey, JSON.stringify(sum)));
      if (operations.length > 0) await db().batch(operations, { sync: true });
      const now = [...kept, ...added.flatMap(({ key }) => entryOf(prefix, key))];
      return { added: added.length, counted: countOf(plan.rest), totals: totalsOf(now, sum, attempt) };
    },
    listProblems: async (projectId, ingestionId, filter, page) => {
      const after = page.after === null ? '' : sortKey(decodeCursor(page.after));
      const entries = (await entriesOf(problemsOf(projectId, ingestionId)))
        .filter(matchesFilter(filter))
        .filter(({ place }) => sortKey(place) > after);
      const shown = entries.slice(0, page.first);
      const texts = await db().getMany(shown.map(({ key }) => key));
      const items = shown.flatMap(({ key, place }, index) => {
        const read = () => [{ cursor: encodeCursor(place), node: parseProblem(texts[index], key) }];
        return readOrLog(logger, key, [], read);
      });
      return { items, hasNextPage: entries.length > page.first };
    },
  };
}
