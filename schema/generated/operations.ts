/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** How a command fared. */
export type CommandStatus =
  /** The job does it. */
  | 'ACCEPTED'
  /** No job took it within 5 s. */
  | 'NO_RECEIVER'
  /** Sent to the job, no answer yet; only jobs see this. */
  | 'PENDING'
  /** The job does not; reason tells why. */
  | 'REJECTED';

/**
 * Which ingestions a list has: those that match everything that is given. What is absent or null does not filter. Without
 * projectIds the list has every project that the token covers.
 */
export type IngestionFilter = {
  /** Having all of these labels: at most 10, name and value compared exactly. */
  labels?: Array<LabelInput> | null | undefined;
  /** Of these projects: 1 to 1,000. FORBIDDEN if the token does not cover each of them. */
  projectIds?: Array<string> | null | undefined;
  /** Started at this time or later. */
  startedSince?: number | null | undefined;
  /** In any of these: at least one. */
  status?: Array<IngestionListStatus> | null | undefined;
};

/** Where an ingestion belongs in a list. Each belongs to exactly one of these. */
export type IngestionListStatus =
  /** RUNNING, also while paused or waiting. */
  | 'ACTIVE'
  /** COMPLETED or CANCELLED. */
  | 'ENDED'
  /** FAILED, recoverable or not. */
  | 'FAILED';

/** How a completed ingestion came out. */
export type IngestionOutcome =
  /** Some items failed; the rest went in. */
  | 'PARTIAL'
  /** Everything went in. */
  | 'SUCCESS';

/**
 * The state of the job itself; never of anybody's connection.
 * COMPLETED, CANCELLED and FAILED whose error is not recoverable are endings, and final. FAILED with
 * error.recoverable is not an ending: the same job's next report makes it RUNNING again.
 */
export type IngestionStatus =
  /** Ended because a person asked for it. */
  | 'CANCELLED'
  /** Ended well, or with some items failed: result.outcome tells which. */
  | 'COMPLETED'
  /** Stopped by an error; final unless error.recoverable. */
  | 'FAILED'
  /** Started and not ended, also while waiting for its first phase. */
  | 'RUNNING';

/** A name and a value that describe an ingestion. */
export type LabelInput = {
  /** 1 to 64 characters. */
  name: string;
  /** 1 to 128 characters. */
  value: string;
};

/** Each phase only goes forward; several may run at once. */
export type PhaseStatus =
  /** Done. */
  | 'COMPLETED'
  /** The phase in which the ingestion failed. */
  | 'FAILED'
  /** Not begun yet. */
  | 'PENDING'
  /** Under way. */
  | 'RUNNING'
  /** Passed over: the job went on to a later phase without it. */
  | 'SKIPPED'
  /** Under way when the ingestion was cancelled or failed elsewhere; not finished. */
  | 'STOPPED';

/** How grave a problem is. */
export type ProblemSeverity =
  /** The item failed. */
  | 'ERROR'
  /** The item went in, with a doubt. */
  | 'WARNING';

export type MetricsFragment = { itemsTotal: number | null, itemsProcessed: number | null, itemsFailed: number | null, bytesTotal: number | null, bytesProcessed: number | null, itemsPerSecond: number | null, itemsTotalIsFinal: boolean, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, counters: Array<{ name: string, label: string, value: number, unit: string | null }> };

export type FailureFragment = { phase: number | null, errorCode: string, message: string, recoverable: boolean, occurredAt: number, retryOptions: { canRetry: boolean, fromPhase: number | null, retryAfterMs: number | null, attempt: number | null, maxAttempts: number | null } | null };

export type ProgressFragment = { id: string, projectId: string, status: IngestionStatus, revision: number, currentPhase: number, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, title: string | null, attempt: number, maxAttempts: number | null, retryOf: string | null, fromPhase: number, cancellable: boolean, cancelRequestedAt: number | null, staleAfterMs: number, startedAt: number, updatedAt: number, progressedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }>, pause: { reason: string, until: number | null, since: number } | null, waiting: { waitingFor: string | null, queuePosition: number | null } | null, problems: { errors: number, warnings: number }, phases: Array<{ number: number, name: string, status: PhaseStatus, weight: number, percent: number | null, message: string | null, startedAt: number | null, completedAt: number | null, metrics: { itemsTotal: number | null, itemsProcessed: number | null, itemsFailed: number | null, bytesTotal: number | null, bytesProcessed: number | null, itemsPerSecond: number | null, itemsTotalIsFinal: boolean, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, counters: Array<{ name: string, label: string, value: number, unit: string | null }> } | null }>, result: { outcome: IngestionOutcome, itemsProcessed: number | null, itemsFailed: number | null, bytesProcessed: number | null, durationMs: number, summary: string | null, output: unknown, links: Array<{ label: string, url: string }> } | null, error: { phase: number | null, errorCode: string, message: string, recoverable: boolean, occurredAt: number, retryOptions: { canRetry: boolean, fromPhase: number | null, retryAfterMs: number | null, attempt: number | null, maxAttempts: number | null } | null } | null };

export type WatchProgressSubscriptionVariables = Exact<{
  projectId: string;
  ingestionId?: string | null | undefined;
  follow: boolean;
}>;


export type WatchProgressSubscription = { ingestionProgress:
    | { __typename: 'IngestionCancelled', revision: number, timestamp: number, progress: { id: string, projectId: string, status: IngestionStatus, revision: number, currentPhase: number, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, title: string | null, attempt: number, maxAttempts: number | null, retryOf: string | null, fromPhase: number, cancellable: boolean, cancelRequestedAt: number | null, staleAfterMs: number, startedAt: number, updatedAt: number, progressedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }>, pause: { reason: string, until: number | null, since: number } | null, waiting: { waitingFor: string | null, queuePosition: number | null } | null, problems: { errors: number, warnings: number }, phases: Array<{ number: number, name: string, status: PhaseStatus, weight: number, percent: number | null, message: string | null, startedAt: number | null, completedAt: number | null, metrics: { itemsTotal: number | null, itemsProcessed: number | null, itemsFailed: number | null, bytesTotal: number | null, bytesProcessed: number | null, itemsPerSecond: number | null, itemsTotalIsFinal: boolean, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, counters: Array<{ name: string, label: string, value: number, unit: string | null }> } | null }>, result: { outcome: IngestionOutcome, itemsProcessed: number | null, itemsFailed: number | null, bytesProcessed: number | null, durationMs: number, summary: string | null, output: unknown, links: Array<{ label: string, url: string }> } | null, error: { phase: number | null, errorCode: string, message: string, recoverable: boolean, occurredAt: number, retryOptions: { canRetry: boolean, fromPhase: number | null, retryAfterMs: number | null, attempt: number | null, maxAttempts: number | null } | null } | null } }
    | { __typename: 'IngestionComplete', revision: number, timestamp: number, progress: { id: string, projectId: string, status: IngestionStatus, revision: number, currentPhase: number, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, title: string | null, attempt: number, maxAttempts: number | null, retryOf: string | null, fromPhase: number, cancellable: boolean, cancelRequestedAt: number | null, staleAfterMs: number, startedAt: number, updatedAt: number, progressedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }>, pause: { reason: string, until: number | null, since: number } | null, waiting: { waitingFor: string | null, queuePosition: number | null } | null, problems: { errors: number, warnings: number }, phases: Array<{ number: number, name: string, status: PhaseStatus, weight: number, percent: number | null, message: string | null, startedAt: number | null, completedAt: number | null, metrics: { itemsTotal: number | null, itemsProcessed: number | null, itemsFailed: number | null, bytesTotal: number | null, bytesProcessed: number | null, itemsPerSecond: number | null, itemsTotalIsFinal: boolean, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, counters: Array<{ name: string, label: string, value: number, unit: string | null }> } | null }>, result: { outcome: IngestionOutcome, itemsProcessed: number | null, itemsFailed: number | null, bytesProcessed: number | null, durationMs: number, summary: string | null, output: unknown, links: Array<{ label: string, url: string }> } | null, error: { phase: number | null, errorCode: string, message: string, recoverable: boolean, occurredAt: number, retryOptions: { canRetry: boolean, fromPhase: number | null, retryAfterMs: number | null, attempt: number | null, maxAttempts: number | null } | null } | null } }
    | { __typename: 'IngestionFailed', revision: number, timestamp: number, progress: { id: string, projectId: string, status: IngestionStatus, revision: number, currentPhase: number, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, title: string | null, attempt: number, maxAttempts: number | null, retryOf: string | null, fromPhase: number, cancellable: boolean, cancelRequestedAt: number | null, staleAfterMs: number, startedAt: number, updatedAt: number, progressedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }>, pause: { reason: string, until: number | null, since: number } | null, waiting: { waitingFor: string | null, queuePosition: number | null } | null, problems: { errors: number, warnings: number }, phases: Array<{ number: number, name: string, status: PhaseStatus, weight: number, percent: number | null, message: string | null, startedAt: number | null, completedAt: number | null, metrics: { itemsTotal: number | null, itemsProcessed: number | null, itemsFailed: number | null, bytesTotal: number | null, bytesProcessed: number | null, itemsPerSecond: number | null, itemsTotalIsFinal: boolean, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, counters: Array<{ name: string, label: string, value: number, unit: string | null }> } | null }>, result: { outcome: IngestionOutcome, itemsProcessed: number | null, itemsFailed: number | null, bytesProcessed: number | null, durationMs: number, summary: string | null, output: unknown, links: Array<{ label: string, url: string }> } | null, error: { phase: number | null, errorCode: string, message: string, recoverable: boolean, occurredAt: number, retryOptions: { canRetry: boolean, fromPhase: number | null, retryAfterMs: number | null, attempt: number | null, maxAttempts: number | null } | null } | null } }
    | { __typename: 'PhaseStarted', revision: number, timestamp: number, progress: { id: string, projectId: string, status: IngestionStatus, revision: number, currentPhase: number, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, title: string | null, attempt: number, maxAttempts: number | null, retryOf: string | null, fromPhase: number, cancellable: boolean, cancelRequestedAt: number | null, staleAfterMs: number, startedAt: number, updatedAt: number, progressedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }>, pause: { reason: string, until: number | null, since: number } | null, waiting: { waitingFor: string | null, queuePosition: number | null } | null, problems: { errors: number, warnings: number }, phases: Array<{ number: number, name: string, status: PhaseStatus, weight: number, percent: number | null, message: string | null, startedAt: number | null, completedAt: number | null, metrics: { itemsTotal: number | null, itemsProcessed: number | null, itemsFailed: number | null, bytesTotal: number | null, bytesProcessed: number | null, itemsPerSecond: number | null, itemsTotalIsFinal: boolean, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, counters: Array<{ name: string, label: string, value: number, unit: string | null }> } | null }>, result: { outcome: IngestionOutcome, itemsProcessed: number | null, itemsFailed: number | null, bytesProcessed: number | null, durationMs: number, summary: string | null, output: unknown, links: Array<{ label: string, url: string }> } | null, error: { phase: number | null, errorCode: string, message: string, recoverable: boolean, occurredAt: number, retryOptions: { canRetry: boolean, fromPhase: number | null, retryAfterMs: number | null, attempt: number | null, maxAttempts: number | null } | null } | null } }
    | { __typename: 'ProgressSnapshot', revision: number, timestamp: number, progress: { id: string, projectId: string, status: IngestionStatus, revision: number, currentPhase: number, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, title: string | null, attempt: number, maxAttempts: number | null, retryOf: string | null, fromPhase: number, cancellable: boolean, cancelRequestedAt: number | null, staleAfterMs: number, startedAt: number, updatedAt: number, progressedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }>, pause: { reason: string, until: number | null, since: number } | null, waiting: { waitingFor: string | null, queuePosition: number | null } | null, problems: { errors: number, warnings: number }, phases: Array<{ number: number, name: string, status: PhaseStatus, weight: number, percent: number | null, message: string | null, startedAt: number | null, completedAt: number | null, metrics: { itemsTotal: number | null, itemsProcessed: number | null, itemsFailed: number | null, bytesTotal: number | null, bytesProcessed: number | null, itemsPerSecond: number | null, itemsTotalIsFinal: boolean, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, counters: Array<{ name: string, label: string, value: number, unit: string | null }> } | null }>, result: { outcome: IngestionOutcome, itemsProcessed: number | null, itemsFailed: number | null, bytesProcessed: number | null, durationMs: number, summary: string | null, output: unknown, links: Array<{ label: string, url: string }> } | null, error: { phase: number | null, errorCode: string, message: string, recoverable: boolean, occurredAt: number, retryOptions: { canRetry: boolean, fromPhase: number | null, retryAfterMs: number | null, attempt: number | null, maxAttempts: number | null } | null } | null } | null }
    | { __typename: 'ProgressUpdate', revision: number, timestamp: number, progress: { id: string, projectId: string, status: IngestionStatus, revision: number, currentPhase: number, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, title: string | null, attempt: number, maxAttempts: number | null, retryOf: string | null, fromPhase: number, cancellable: boolean, cancelRequestedAt: number | null, staleAfterMs: number, startedAt: number, updatedAt: number, progressedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }>, pause: { reason: string, until: number | null, since: number } | null, waiting: { waitingFor: string | null, queuePosition: number | null } | null, problems: { errors: number, warnings: number }, phases: Array<{ number: number, name: string, status: PhaseStatus, weight: number, percent: number | null, message: string | null, startedAt: number | null, completedAt: number | null, metrics: { itemsTotal: number | null, itemsProcessed: number | null, itemsFailed: number | null, bytesTotal: number | null, bytesProcessed: number | null, itemsPerSecond: number | null, itemsTotalIsFinal: boolean, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, counters: Array<{ name: string, label: string, value: number, unit: string | null }> } | null }>, result: { outcome: IngestionOutcome, itemsProcessed: number | null, itemsFailed: number | null, bytesProcessed: number | null, durationMs: number, summary: string | null, output: unknown, links: Array<{ label: string, url: string }> } | null, error: { phase: number | null, errorCode: string, message: string, recoverable: boolean, occurredAt: number, retryOptions: { canRetry: boolean, fromPhase: number | null, retryAfterMs: number | null, attempt: number | null, maxAttempts: number | null } | null } | null } }
   };

export type ReadProgressQueryVariables = Exact<{
  projectId: string;
  ingestionId?: string | null | undefined;
}>;


export type ReadProgressQuery = { progress: { id: string, projectId: string, status: IngestionStatus, revision: number, currentPhase: number, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, title: string | null, attempt: number, maxAttempts: number | null, retryOf: string | null, fromPhase: number, cancellable: boolean, cancelRequestedAt: number | null, staleAfterMs: number, startedAt: number, updatedAt: number, progressedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }>, pause: { reason: string, until: number | null, since: number } | null, waiting: { waitingFor: string | null, queuePosition: number | null } | null, problems: { errors: number, warnings: number }, phases: Array<{ number: number, name: string, status: PhaseStatus, weight: number, percent: number | null, message: string | null, startedAt: number | null, completedAt: number | null, metrics: { itemsTotal: number | null, itemsProcessed: number | null, itemsFailed: number | null, bytesTotal: number | null, bytesProcessed: number | null, itemsPerSecond: number | null, itemsTotalIsFinal: boolean, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, counters: Array<{ name: string, label: string, value: number, unit: string | null }> } | null }>, result: { outcome: IngestionOutcome, itemsProcessed: number | null, itemsFailed: number | null, bytesProcessed: number | null, durationMs: number, summary: string | null, output: unknown, links: Array<{ label: string, url: string }> } | null, error: { phase: number | null, errorCode: string, message: string, recoverable: boolean, occurredAt: number, retryOptions: { canRetry: boolean, fromPhase: number | null, retryAfterMs: number | null, attempt: number | null, maxAttempts: number | null } | null } | null } | null };

export type ReadViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ReadViewerQuery = { viewer: { subject: string, scopes: Array<string>, expiresAt: number, serverTime: number } };

export type RetryIngestionMutationVariables = Exact<{
  projectId: string;
  ingestionId: string;
  fromPhase?: number | null | undefined;
}>;


export type RetryIngestionMutation = { retryIngestion: { id: string, status: CommandStatus, reason: string | null } };

export type CancelIngestionMutationVariables = Exact<{
  projectId: string;
  ingestionId: string;
}>;


export type CancelIngestionMutation = { cancelIngestion: { id: string, status: CommandStatus, reason: string | null } };

export type RefreshTokenMutationVariables = Exact<{
  token: string;
}>;


export type RefreshTokenMutation = { refreshToken: { expiresAt: number, serverTime: number, scopes: Array<string> } };

export type ProblemsFragment = { edges: Array<{ node: { attempt: number, phase: number | null, item: string, code: string, severity: ProblemSeverity, message: string | null, url: string | null, reportedAt: number } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } };

export type ReadProblemsQueryVariables = Exact<{
  projectId: string;
  ingestionId: string;
  severity?: ProblemSeverity | null | undefined;
  attempt?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ReadProblemsQuery = { progress: { attempt: number, problems: { errors: number, warnings: number, byCode: Array<{ code: string, severity: ProblemSeverity, count: number }> } } | null, ingestionProblems: { edges: Array<{ node: { attempt: number, phase: number | null, item: string, code: string, severity: ProblemSeverity, message: string | null, url: string | null, reportedAt: number } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type DownloadProblemsQueryVariables = Exact<{
  projectId: string;
  ingestionId: string;
  severity?: ProblemSeverity | null | undefined;
  attempt?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type DownloadProblemsQuery = { ingestionProblems: { edges: Array<{ node: { attempt: number, phase: number | null, item: string, code: string, severity: ProblemSeverity, message: string | null, url: string | null, reportedAt: number } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type RowFragment = { id: string, projectId: string, title: string | null, status: IngestionStatus, outcome: IngestionOutcome | null, revision: number, currentPhase: number, phaseCount: number, phaseName: string | null, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, errorCode: string | null, recoverable: boolean, paused: boolean, attempt: number, startedAt: number, updatedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }> };

export type WatchIngestionsSubscriptionVariables = Exact<{
  filter?: IngestionFilter | null | undefined;
  first: number;
}>;


export type WatchIngestionsSubscription = { ingestions:
    | { __typename: 'IngestionListChange', timestamp: number, entered: Array<{ id: string, projectId: string, title: string | null, status: IngestionStatus, outcome: IngestionOutcome | null, revision: number, currentPhase: number, phaseCount: number, phaseName: string | null, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, errorCode: string | null, recoverable: boolean, paused: boolean, attempt: number, startedAt: number, updatedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }> }>, changed: Array<{ id: string, projectId: string, title: string | null, status: IngestionStatus, outcome: IngestionOutcome | null, revision: number, currentPhase: number, phaseCount: number, phaseName: string | null, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, errorCode: string | null, recoverable: boolean, paused: boolean, attempt: number, startedAt: number, updatedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }> }>, left: Array<{ projectId: string, id: string }>, counts: { active: number, failed: number, ended: number, hasMore: boolean }, pageInfo: { hasNextPage: boolean, endCursor: string | null } }
    | { __typename: 'IngestionListSnapshot', timestamp: number, rows: Array<{ id: string, projectId: string, title: string | null, status: IngestionStatus, outcome: IngestionOutcome | null, revision: number, currentPhase: number, phaseCount: number, phaseName: string | null, progressPercent: number | null, etaSeconds: number | null, etaLowSeconds: number | null, etaHighSeconds: number | null, errorCode: string | null, recoverable: boolean, paused: boolean, attempt: number, startedAt: number, updatedAt: number, completedAt: number | null, labels: Array<{ name: string, value: string }> }>, counts: { active: number, failed: number, ended: number, hasMore: boolean }, pageInfo: { hasNextPage: boolean, endCursor: string | null } }
   };

/** The text of an operation, with the types of what it takes and gives. */
export type TypedDocument<Result, Variables> = string & {
  readonly __types?: (variables: Variables) => Result;
};

export const WatchProgressDocument = 'subscription WatchProgress($projectId:ID!$ingestionId:ID$follow:Boolean!){ingestionProgress(projectId:$projectId ingestionId:$ingestionId follow:$follow){__typename revision timestamp progress{...Progress}}}fragment Progress on IngestionProgress{id projectId status revision currentPhase progressPercent etaSeconds etaLowSeconds etaHighSeconds title labels{name value}attempt maxAttempts pause{reason until since}waiting{waitingFor queuePosition}problems{errors warnings}phases{number name status weight percent message startedAt completedAt metrics{...Metrics}}result{outcome itemsProcessed itemsFailed bytesProcessed durationMs summary output links{label url}}error{...Failure}retryOf fromPhase cancellable cancelRequestedAt staleAfterMs startedAt updatedAt progressedAt completedAt}fragment Metrics on PhaseMetrics{itemsTotal itemsProcessed itemsFailed bytesTotal bytesProcessed itemsPerSecond itemsTotalIsFinal etaSeconds etaLowSeconds etaHighSeconds counters{name label value unit}}fragment Failure on IngestionFailure{phase errorCode message recoverable occurredAt retryOptions{canRetry fromPhase retryAfterMs attempt maxAttempts}}' as TypedDocument<WatchProgressSubscription, WatchProgressSubscriptionVariables>;
export const ReadProgressDocument = 'query ReadProgress($projectId:ID!$ingestionId:ID){progress(projectId:$projectId ingestionId:$ingestionId){...Progress}}fragment Progress on IngestionProgress{id projectId status revision currentPhase progressPercent etaSeconds etaLowSeconds etaHighSeconds title labels{name value}attempt maxAttempts pause{reason until since}waiting{waitingFor queuePosition}problems{errors warnings}phases{number name status weight percent message startedAt completedAt metrics{...Metrics}}result{outcome itemsProcessed itemsFailed bytesProcessed durationMs summary output links{label url}}error{...Failure}retryOf fromPhase cancellable cancelRequestedAt staleAfterMs startedAt updatedAt progressedAt completedAt}fragment Metrics on PhaseMetrics{itemsTotal itemsProcessed itemsFailed bytesTotal bytesProcessed itemsPerSecond itemsTotalIsFinal etaSeconds etaLowSeconds etaHighSeconds counters{name label value unit}}fragment Failure on IngestionFailure{phase errorCode message recoverable occurredAt retryOptions{canRetry fromPhase retryAfterMs attempt maxAttempts}}' as TypedDocument<ReadProgressQuery, ReadProgressQueryVariables>;
export const ReadViewerDocument = 'query ReadViewer{viewer{subject scopes expiresAt serverTime}}' as TypedDocument<ReadViewerQuery, ReadViewerQueryVariables>;
export const RetryIngestionDocument = 'mutation RetryIngestion($projectId:ID!$ingestionId:ID!$fromPhase:Int){retryIngestion(projectId:$projectId ingestionId:$ingestionId fromPhase:$fromPhase){id status reason}}' as TypedDocument<RetryIngestionMutation, RetryIngestionMutationVariables>;
export const CancelIngestionDocument = 'mutation CancelIngestion($projectId:ID!$ingestionId:ID!){cancelIngestion(projectId:$projectId ingestionId:$ingestionId){id status reason}}' as TypedDocument<CancelIngestionMutation, CancelIngestionMutationVariables>;
export const RefreshTokenDocument = 'mutation RefreshToken($token:String!){refreshToken(token:$token){expiresAt serverTime scopes}}' as TypedDocument<RefreshTokenMutation, RefreshTokenMutationVariables>;
export const ReadProblemsDocument = 'query ReadProblems($projectId:ID!$ingestionId:ID!$severity:ProblemSeverity$attempt:Int$after:String){progress(projectId:$projectId ingestionId:$ingestionId){attempt problems{errors warnings byCode{code severity count}}}ingestionProblems(projectId:$projectId ingestionId:$ingestionId severity:$severity attempt:$attempt first:50 after:$after){...Problems}}fragment Problems on ProblemConnection{edges{node{attempt phase item code severity message url reportedAt}}pageInfo{hasNextPage endCursor}}' as TypedDocument<ReadProblemsQuery, ReadProblemsQueryVariables>;
export const DownloadProblemsDocument = 'query DownloadProblems($projectId:ID!$ingestionId:ID!$severity:ProblemSeverity$attempt:Int$after:String){ingestionProblems(projectId:$projectId ingestionId:$ingestionId severity:$severity attempt:$attempt first:200 after:$after){...Problems}}fragment Problems on ProblemConnection{edges{node{attempt phase item code severity message url reportedAt}}pageInfo{hasNextPage endCursor}}' as TypedDocument<DownloadProblemsQuery, DownloadProblemsQueryVariables>;
export const WatchIngestionsDocument = 'subscription WatchIngestions($filter:IngestionFilter$first:Int!){ingestions(filter:$filter first:$first){__typename counts{active failed ended hasMore}pageInfo{hasNextPage endCursor}timestamp ...on IngestionListSnapshot{rows{...Row}}...on IngestionListChange{entered{...Row}changed{...Row}left{projectId id}}}}fragment Row on IngestionRow{id projectId title labels{name value}status outcome revision currentPhase phaseCount phaseName progressPercent etaSeconds etaLowSeconds etaHighSeconds errorCode recoverable paused attempt startedAt updatedAt completedAt}' as TypedDocument<WatchIngestionsSubscription, WatchIngestionsSubscriptionVariables>;
