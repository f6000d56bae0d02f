/**
 * The problems of ingestions in MongoDB: a document each, and for each attempt one that counts what is not kept. Servers
 * that append at the same moment may keep a few more than the most; nothing is counted twice, since a document's id is
 * its problem's.
 */
import type { Collection, MongoBulkWriteError } from 'mongodb';
import type { Logger } from '../observability/logger.js';
import { type ProblemSeverity, type ProblemTotal, type StoredProblem } from '../progress/problem.js';
import { parseProblem, readOrLog } from '../progress/record-codec.js';
import type { MongoConnection } from './mongo-connection.js';
import { historyId } from './mongo-documents.js';
import { decodeCursor, pageOf, sortKey } from './paging.js';
import {
  countOf,
  planProblems,
  problemId,
  problemPosition,
  problemSortKey,
  totalsOf,
  type ProblemEntry,
} from './problem-index.js';
import type { ProgressStore } from './progress-store.js';

/** A document of the problems. */
interface ProblemDocument {
  readonly _id: string;
  readonly projectId: string;
  readonly ingestionId: string;
  readonly attempt: number;
  /** Sorts an attempt's; absent in the one that counts. */
  readonly place?: string;
  readonly code?: string;
  readonly severity?: ProblemSeverity;
  /** The problem as JSON text. */
  readonly problem?: string;
  /** What is only counted, by severity and code. */
  readonly rest?: Readonly<Partial<Record<ProblemSeverity, Readonly<Record<string, number>>>>>;
}

/** What the store delegates. */
export interface MongoProblems extends Pick<ProgressStore, 'appendProblems' | 'listProblems'> {
  createIndex(): Promise<void>;
  /** Deletes those of these ingestions, which are at least one. */
  delete(ingestions: readonly { readonly projectId: string; readonly id: string }[]): Promise<void>;
}

interface Entry extends ProblemEntry {
  readonly documentId: string;
}

function unlessDuplicates(error: unknown): void {
  const errors =
    error instanceof Error && 'writeErrors' in error ? (error as MongoBulkWriteError).writeErrors : [];
  const codes = [errors].flat().map(({ code }) => code);
  if (codes.length === 0 || codes.some((code) => code !== 11_000)) throw error;
}

function restIn({ rest = {} }: ProblemDocument): ProblemTotal[] {
  return (['ERROR', 'WARNING'] as const).flatMap((severity) =>
    Object.entries(rest[severity] ?? {}).map(([code, count]) => ({ code, severity, count })),
  );
}

/** Creates them over their collection. */
export function createMongoProblems(connection: MongoConnection, logger: Logger): MongoProblems {
  const { call } = connection;
  const problems = (): Collection<ProblemDocument> =>
    connection.db().collection<ProblemDocument>('ingestion_progress_problems');

  const read = async (projectId: string, ingestionId: string, attempt: number) => {
    const projection = { attempt: 1, code: 1, severity: 1, rest: 1 } as const;
    const found = await call(() => problems().find({ projectId, ingestionId }, { projection }).toArray());
    const kept = found.flatMap(({ _id, attempt, code, severity }): Entry[] =>
      code === undefined || severity === undefined
        ? []
        : [{ documentId: _id, attempt, id: _id.slice(_id.lastIndexOf('!') + 1), code, severity }],
    );
    const rest = found.filter((one) => one.attempt === attempt).flatMap(restIn);
    return { kept, rest };
  };

  const documentOf = (projectId: string, ingestionId: string, problem: StoredProblem): ProblemDocument => {
    const { attempt, code, severity } = problem;
    return {
      _id: `${historyId(projectId, ingestionId)}!${attempt}!${problemId(problem)}`,
      ...{ projectId, ingestionId, attempt, code, severity },
      place: problemSortKey(problem),
      problem: JSON.stringify(problem),
    };
  };

  return {
    createIndex: async () => {
      await call(() => problems().createIndex({ projectId: 1, ingestionId: 1, attempt: 1, place: 1 }));
    },
    appendProblems: async (projectId, ingestionId, given, most) => {
      const [{ attempt } = { attempt: 0 }] = given;
      const before = await read(projectId, ingestionId, attempt);
      const plan = planProblems(before.kept, before.rest, given, most);
      if (plan.drop.length > 0) {
        const _id = { $in: plan.drop.map(({ documentId }) => documentId) };
        await call(() => problems().deleteMany({ _id }));
      }
      const documents = plan.add.map((problem) => documentOf(projectId, ingestionId, problem));
      if (documents.length > 0) {
        await call(() => problems().insertMany(documents, { ordered: false }).catch(unlessDuplicates));
      }
      if (plan.rest.length > 0) {
        const _id = `${historyId(projectId, ingestionId)}!${attempt}!`;
        const counts = plan.rest.map(({ severity, code, count }) => [`rest.${severity}.${code}`, count]);
        const change = {
          $set: { projectId, ingestionId, attempt },
          $inc: Object.fromEntries(counts) as Record<string, number>,
        };
        await call(() => problems().updateOne({ _id }, change, { upsert: true }));
      }
      const after = await read(projectId, ingestionId, attempt);
      return {
        added: documents.length,
        counted: countOf(plan.rest),
        totals: totalsOf(after.kept, after.rest, attempt),
      };
    },
    listProblems: async (projectId, ingestionId, { attempt, severity, code }, page) => {
      const after = page.after === null ? '' : sortKey(decodeCursor(page.after));
      const which = {
        ...{ projectId, ingestionId, attempt, place: { $gt: after } },
        ...(severity === null ? {} : { severity }),
        ...(code === null ? {} : { code }),
      };
      const found = await call(() =>
        problems()
          .find(which, { projection: { problem: 1 } })
          .sort({ place: 1 })
          .limit(page.first + 1)
          .toArray(),
      );
      const nodes = found.flatMap(({ _id, problem }) =>
        readOrLog(logger, `problem ${_id}`, [], () => [parseProblem(problem, `problem ${_id}`)]),
      );
      return { ...pageOf(nodes, page.first, problemPosition), hasNextPage: found.length > page.first };
    },
    delete: async (ingestions) => {
      const $or = ingestions.map(({ projectId, id }) => ({ projectId, ingestionId: id }));
      await call(() => problems().deleteMany({ $or }));
    },
  };
}
