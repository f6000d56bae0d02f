/** A subject of the bench `poll`. */

/** What a poll is answered with. */
export interface Served {
  readonly body: Buffer;
  readonly etag: string;
  /** Sent with it, as our server sends them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers polls on loopback. */
export interface HttpPeer {
  /** Resolves to the port. */
  start(): Promise<number>;
  /** What to answer, for a peer that has no state of its own. */
  serve(served: Served): void;
}

/** Names of the subjects, in the order of the table. */
export const HTTP_SUBJECTS = ['ingestion-progress', 'node:http', 'Yoga'] as const;

/** One of them. */
export type HttpSubject = (typeof HTTP_SUBJECTS)[number];
