/** Whole runs in real time: reload a story to replay it. */
import { playScenario } from './scenario-player.js';

export default {
  title: 'Scenarios',
  parameters: { docs: { story: { autoplay: false } } },
};

const story = (name: string) => ({ render: () => playScenario(name) });

export const SmoothRun = story('smoothRun');
export const DropAndRecovery = story('dropAndRecovery');
export const PollingAndBack = story('pollingAndBack');
export const TokenExpiry = story('tokenExpiry');
export const FailureRetrySuccess = story('failureRetrySuccess');
export const Offline = story('offline');
export const Stalled = story('stalled');
export const TenHours = story('tenHours');
