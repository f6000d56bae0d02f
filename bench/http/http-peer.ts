/** A subject of the bench `poll`. */

/** The response to a poll. */
export interface Served {
  readonly body: Buffer;
  readonly etag: string;
  /** Headers, as our server sends them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A local server that answers polls. */
export interface HttpPeer {
  /** Resolves to the port. */
  start(): Promise<number>;
  /** Sets the response of a peer without a state of its own. */
  serve(served: Served): void;
}

/** Names of the subjects, in the order of the table. */
export const HTTP_SUBJECTS = ['ingestion-progress', 'node:http', 'Yoga'] as const;

/** One of them. */
export type HttpSubject = (typeof HTTP_SUBJECTS)[number];
