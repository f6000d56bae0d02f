/** The process of the pollers. */
import { answerCalls } from './harness/child.js';
import { poll, type PollRequest, type PollRound } from './http/poller.js';

/** Calls of this process. */
export interface PollerCalls {
  poll(round: {
    readonly request: PollRequest;
    readonly connections: number;
    readonly durationMs: number;
  }): Promise<PollRound>;
}

answerCalls<PollerCalls>({
  poll: ({ request, connections, durationMs }) => poll(request, connections, durationMs),
});
