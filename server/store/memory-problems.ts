/** The problems of the memory store's ingestions. */
import { sumTotals, type ProblemTotal, type StoredProblem } from '../progress/problem.js';
import { pageOfAll } from './paging.js';
import {
  countOf,
  matchesFilter,
  planProblems,
  problemId,
  problemPosition,
  totalsOf,
} from './problem-index.js';
import type { ProgressStore } from './progress-store.js';

/** What the store delegates. */
export interface MemoryProblems extends Pick<ProgressStore, 'appendProblems' | 'listProblems'> {
  delete(projectId: string, ingestionId: string): void;
}

interface Problems {
  kept: readonly StoredProblem[];
  /** By attempt. */
  readonly rest: Map<number, readonly ProblemTotal[]>;
}

/** Creates them, none yet. */
export function createMemoryProblems(): MemoryProblems {
  const all = new Map<string, Problems>();
  const keyOf = (projectId: string, ingestionId: string) => JSON.stringify([projectId, ingestionId]);
  const entryOf = (problem: StoredProblem) => ({ ...problem, id: problemId(problem) });

  return {
    appendProblems: async (projectId, ingestionId, problems, most) => {
      const [{ attempt } = { attempt: 0 }] = problems;
      const found = all.get(keyOf(projectId, ingestionId)) ?? { kept: [], rest: new Map() };
      const rest = found.rest.get(attempt) ?? [];
      const plan = planProblems(found.kept.map(entryOf), rest, problems, most);
      const dropped = new Set(plan.drop.map((entry) => `${entry.attempt}!${entry.id}`));
      const isKept = (problem: StoredProblem) => !dropped.has(`${problem.attempt}!${problemId(problem)}`);
      found.kept = [...found.kept.filter(isKept), ...plan.add];
      found.rest.set(attempt, sumTotals([...rest, ...plan.rest]));
      all.set(keyOf(projectId, ingestionId), found);
      const totals = totalsOf(found.kept.map(entryOf), found.rest.get(attempt) ?? [], attempt);
      return { added: plan.add.length, counted: countOf(plan.rest), totals };
    },
    listProblems: async (projectId, ingestionId, filter, page) => {
      const kept = all.get(keyOf(projectId, ingestionId))?.kept ?? [];
      return pageOfAll(kept.filter(matchesFilter(filter)), page, problemPosition, 'rising');
    },
    delete: (projectId, ingestionId) => void all.delete(keyOf(projectId, ingestionId)),
  };
}
