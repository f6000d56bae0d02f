/** A subject of the benches: one way to tell many watchers of a project's progress, started in a process of its own. */

/** What a watcher speaks. */
export type Protocol = 'raw' | 'socket.io' | 'graphql-ws';

/** Reads of the store that a subject made, where it has one. */
export interface Counters {
  readonly storeReads: number;
  readonly storeWrites: number;
  /** Open at this moment. */
  readonly connections: number;
}

/** One server under measurement. */
export interface Peer {
  /** Listens on loopback; resolves to the address for watchers. */
  start(port: number): Promise<string>;
  /** Begins an ingestion of each project, or goes on with it, at this sequence. */
  prepare(projectIds: readonly string[], sequence: number): Promise<void>;
  /** Tells every watcher of the project of its state at this sequence, which rises. */
  emit(projectId: string, sequence: number): void;
  counters(): Counters;
}

/** Names of the subjects, in the order of the tables. */
export const SUBJECTS = ['ingestion-progress', 'raw ws', 'Socket.IO', 'graphql-ws', 'Yoga PubSub'] as const;

/** One of them. */
export type Subject = (typeof SUBJECTS)[number];

/** What each subject's watchers speak. */
export const PROTOCOLS: Readonly<Record<Subject, Protocol>> = Object.freeze({
  'ingestion-progress': 'graphql-ws',
  'raw ws': 'raw',
  'Socket.IO': 'socket.io',
  'graphql-ws': 'graphql-ws',
  'Yoga PubSub': 'graphql-ws',
});

/** Counters of a subject that has no store. */
export const NO_COUNTERS: Counters = Object.freeze({ storeReads: 0, storeWrites: 0, connections: 0 });
