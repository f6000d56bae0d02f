/** A subject of the benches: one way to send a project's progress to many watchers, started in its own process. */

/** The protocol of a watcher. */
export type Protocol = 'raw' | 'socket.io' | 'graphql-ws';

/** Counts of a subject. */
export interface Counters {
  readonly storeReads: number;
  readonly storeWrites: number;
  /** Open connections. */
  readonly connections: number;
}

/** A server to measure. */
export interface Peer {
  /** Listens on loopback; resolves to the address for watchers. */
  start(port: number): Promise<string>;
  /** Starts or continues an ingestion of each project at this sequence. */
  prepare(projectIds: readonly string[], sequence: number): Promise<void>;
  /** Sends every watcher of the project its state at this sequence, which rises. */
  emit(projectId: string, sequence: number): void;
  counters(): Counters;
}

/** Names of the subjects, in the order of the tables. */
export const SUBJECTS = ['ingestion-progress', 'raw ws', 'Socket.IO', 'graphql-ws', 'Yoga PubSub'] as const;

/** One of them. */
export type Subject = (typeof SUBJECTS)[number];

/** The protocol of each subject's watchers. */
export const PROTOCOLS: Readonly<Record<Subject, Protocol>> = Object.freeze({
  'ingestion-progress': 'graphql-ws',
  'raw ws': 'raw',
  'Socket.IO': 'socket.io',
  'graphql-ws': 'graphql-ws',
  'Yoga PubSub': 'graphql-ws',
});

/** The counters of a subject without a store. */
export const NO_COUNTERS: Counters = Object.freeze({ storeReads: 0, storeWrites: 0, connections: 0 });
