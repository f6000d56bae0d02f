/** The process of one subject of the bench `poll`. */
import { answerCalls } from './harness/child.js';
import { createBarePeer } from './http/bare-peer.js';
import { startProfile, type ProfileLine } from './harness/profile.js';
import type { HttpPeer, HttpSubject, Served } from './http/http-peer.js';
import { createYogaHttpPeer } from './http/yoga-peer.js';
import { createOurPeer } from './peers/ingestion-progress.js';

/** Calls of this process. */
export interface HttpCalls {
  /** Resolves to the port. */
  start(): Promise<number>;
  serve(served: Served): void;
  /** CPU time since the start of the process, in milliseconds. */
  cpuMs(): number;
  /** Starts sampling; the next call ends it and returns the profile. */
  profile(): Promise<readonly ProfileLine[]>;
}

function createOurHttpPeer(): HttpPeer {
  const peer = createOurPeer();
  return {
    start: async () => {
      const url = new URL(await peer.start(0));
      await peer.prepare(['project-0'], 1);
      return Number(url.port);
    },
    serve: () => undefined,
  };
}

function create(subject: HttpSubject): HttpPeer {
  if (subject === 'ingestion-progress') return createOurHttpPeer();
  return subject === 'Yoga' ? createYogaHttpPeer() : createBarePeer();
}

let endProfile: (() => Promise<readonly ProfileLine[]>) | null = null;
const peer = create(process.argv[2] as HttpSubject);

answerCalls<HttpCalls>({
  start: () => peer.start(),
  serve: (served) => peer.serve({ ...served, body: Buffer.from(served.body) }),
  profile: async () => {
    const end = endProfile;
    endProfile = end === null ? await startProfile() : null;
    return end === null ? [] : end();
  },
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
});
