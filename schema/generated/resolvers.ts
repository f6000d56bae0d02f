import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown; }
  /** An integer that JavaScript holds exactly: from -(2^53 - 1) to 2^53 - 1. */
  SafeInt: { input: number; output: number; }
  /** Milliseconds since the Unix epoch, by the server's clock. */
  Timestamp: { input: number; output: number; }
};

/** A job's answer to a command. */
export type AcknowledgeCommandInput = {
  /** Whether the job does it. */
  accepted: Scalars['Boolean']['input'];
  /** The command's id. */
  commandId: Scalars['ID']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** Why not, for people; at most 500 characters. */
  reason?: InputMaybe<Scalars['String']['input']>;
};

/** What a person may ask of a job. */
export type CommandKind =
  /** To stop. */
  | 'CANCEL'
  /** Another go, as a new ingestion. */
  | 'RETRY';

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

/** The ingestion completed. */
export type CompleteIngestionInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** How it came out. */
  result: IngestionResultInput;
  /** Rises within an attempt, and for each part on its own; a report whose sequence is not greater changes nothing and says accepted: false. */
  sequence?: InputMaybe<Scalars['SafeInt']['input']>;
};

/** The job stopped because it was asked to. */
export type ConfirmCancelledInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** Rises within an attempt, and for each part on its own; a report whose sequence is not greater changes nothing and says accepted: false. */
  sequence?: InputMaybe<Scalars['SafeInt']['input']>;
};

/** A count of the job's own. */
export type Counter = {
  /** For people; the name if the job gave none. */
  label: Scalars['String']['output'];
  /** Stable within an ingestion; a newer value of the same name replaces the older. */
  name: Scalars['String']['output'];
  /** Such as 'pages' or 'bytes'; null if the label says it all. */
  unit: Maybe<Scalars['String']['output']>;
  /** The count. */
  value: Scalars['Float']['output'];
};

/** A count of the job's own. */
export type CounterInput = {
  /** For people; the name if absent. */
  label?: InputMaybe<Scalars['String']['input']>;
  /** 1 to 64 characters; stable within the ingestion. */
  name: Scalars['String']['input'];
  /** Such as 'pages'. */
  unit?: InputMaybe<Scalars['String']['input']>;
  /** The count; finite. */
  value: Scalars['Float']['input'];
};

/** The ingestion failed. */
export type FailIngestionInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** Stable, for programs: 1 to 64 of A-Z 0-9 _; anything else is made into that (ValueError: VALUE_ERROR). */
  errorCode: Scalars['String']['input'];
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** For people; cut at 2,000 characters, the code if empty. */
  message: Scalars['String']['input'];
  /** 1 to 12; absent if it failed before the first phase. */
  phase?: InputMaybe<Scalars['Int']['input']>;
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** True if the same job may go on after it. */
  recoverable: Scalars['Boolean']['input'];
  /** How to try again. */
  retryOptions?: InputMaybe<RetryOptionsInput>;
  /** Rises within an attempt, and for each part on its own; a report whose sequence is not greater changes nothing and says accepted: false. */
  sequence?: InputMaybe<Scalars['SafeInt']['input']>;
};

/** Everything that was taken is to be stored. */
export type FlushReportsInput = {
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
};

/** The ingestion ended because a person asked for it. */
export type IngestionCancelled = IngestionEvent & {
  /** The ingestion. */
  ingestionId: Scalars['ID']['output'];
  /** The complete new state. */
  progress: IngestionProgress;
  /** The project. */
  projectId: Scalars['ID']['output'];
  /** The token subject that asked; null if the job stopped by itself. */
  requestedBy: Maybe<Scalars['String']['output']>;
  /** Of the new state. */
  revision: Scalars['SafeInt']['output'];
  /** When it ended. */
  timestamp: Scalars['Timestamp']['output'];
};

/** A person's request to a job. */
export type IngestionCommand = {
  /** For a retry: the phase to begin at. */
  fromPhase: Maybe<Scalars['Int']['output']>;
  /** The command's id. */
  id: Scalars['ID']['output'];
  /** The ingestion it is about. */
  ingestionId: Scalars['ID']['output'];
  /** Retry or cancel. */
  kind: CommandKind;
  /** The project. */
  projectId: Scalars['ID']['output'];
  /** The job's words if it rejected; null else. */
  reason: Maybe<Scalars['String']['output']>;
  /** When. */
  requestedAt: Scalars['Timestamp']['output'];
  /** The token subject that asked. */
  requestedBy: Scalars['String']['output'];
  /** How it fared. */
  status: CommandStatus;
};

/** The ingestion completed. Known to jobs as ingestion_complete. */
export type IngestionComplete = IngestionEvent & {
  /** The ingestion. */
  ingestionId: Scalars['ID']['output'];
  /** The complete new state. */
  progress: IngestionProgress;
  /** The project. */
  projectId: Scalars['ID']['output'];
  /** How it came out. */
  result: IngestionResult;
  /** Of the new state. */
  revision: Scalars['SafeInt']['output'];
  /** When it completed. */
  timestamp: Scalars['Timestamp']['output'];
};

/** A page of ingestions. */
export type IngestionConnection = {
  /** Running ones first, then the newest start first. */
  edges: Array<IngestionEdge>;
  /** Where this page ends. */
  pageInfo: PageInfo;
};

/** One ingestion in a list. */
export type IngestionEdge = {
  /** Its place in the list. */
  cursor: Scalars['String']['output'];
  /** The ingestion. */
  node: IngestionProgress;
};

/** What every message of a subscription has. The full state comes with each, so one missed message never matters. */
export type IngestionEvent = {
  /** The ingestion; null in a snapshot of a project that never ingested. */
  ingestionId: Maybe<Scalars['ID']['output']>;
  /** The complete new state. */
  progress: Maybe<IngestionProgress>;
  /** The project. */
  projectId: Scalars['ID']['output'];
  /** Of the state that comes with it; 0 if the project never ingested. */
  revision: Scalars['SafeInt']['output'];
  /** When it happened. */
  timestamp: Scalars['Timestamp']['output'];
};

/** The ingestion failed; not for good if recoverable. The event type that jobs and hosts know as 'error'. */
export type IngestionFailed = IngestionEvent & {
  /** Stable, for programs. */
  errorCode: Scalars['String']['output'];
  /** The ingestion. */
  ingestionId: Scalars['ID']['output'];
  /** For people. */
  message: Scalars['String']['output'];
  /** 1 to 12; null if it failed before the first phase. */
  phase: Maybe<Scalars['Int']['output']>;
  /** The complete new state. */
  progress: IngestionProgress;
  /** The project. */
  projectId: Scalars['ID']['output'];
  /** True if the same job may go on after it. */
  recoverable: Scalars['Boolean']['output'];
  /** How to try again; null if the job did not say. */
  retryOptions: Maybe<RetryOptions>;
  /** Of the new state. */
  revision: Scalars['SafeInt']['output'];
  /** When it failed. */
  timestamp: Scalars['Timestamp']['output'];
};

/** Why an ingestion failed. */
export type IngestionFailure = {
  /** Stable, for programs: the job's own, or INGESTION_STALLED, INGESTION_INTERRUPTED, INGESTION_REPLACED. */
  errorCode: Scalars['String']['output'];
  /** For people. */
  message: Scalars['String']['output'];
  /** When it failed. */
  occurredAt: Scalars['Timestamp']['output'];
  /** 1 to 12; null if it failed before the first phase. */
  phase: Maybe<Scalars['Int']['output']>;
  /** True if the same job may go on after it. */
  recoverable: Scalars['Boolean']['output'];
  /** How to try again; null if the job did not say. */
  retryOptions: Maybe<RetryOptions>;
};

/**
 * Which ingestions a list has: those that match everything that is given. What is absent or null does not filter. Without
 * projectIds the list has every project that the token covers.
 */
export type IngestionFilter = {
  /** Having all of these labels: at most 10, name and value compared exactly. */
  labels?: InputMaybe<Array<LabelInput>>;
  /** Of these projects: 1 to 1,000. FORBIDDEN if the token does not cover each of them. */
  projectIds?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** Started at this time or later. */
  startedSince?: InputMaybe<Scalars['Timestamp']['input']>;
  /** In any of these: at least one. */
  status?: InputMaybe<Array<IngestionListStatus>>;
};

/**
 * What changed on the page since the message before. A row is in at most one of the three lists, and changed rows may move
 * to another place. A change of counts or of pageInfo alone comes with empty lists.
 */
export type IngestionListChange = IngestionListMessage & {
  /** Rows of the page with a new state, in order. */
  changed: Array<IngestionRow>;
  /** How many match the filter now. */
  counts: IngestionListCounts;
  /** Rows that are new on the page, in order: started, newly matching, or moved up since others left. */
  entered: Array<IngestionRow>;
  /** Rows that are no longer on the page: pushed off it, no longer matching, or no longer to be seen. */
  left: Array<IngestionRowKey>;
  /** Where the page ends now; endCursor is for Query.ingestions with the same filter. */
  pageInfo: PageInfo;
  /** The server's clock. */
  timestamp: Scalars['Timestamp']['output'];
};

/**
 * How many ingestions match the filter, on the page or not. ACTIVE ones are all counted. Of FAILED and of ENDED ones only the
 * newest 100 each are counted.
 */
export type IngestionListCounts = {
  /** ACTIVE ones; 0 if the filter excludes them. */
  active: Scalars['Int']['output'];
  /** ENDED ones, at most 100; 0 if the filter excludes them. */
  ended: Scalars['Int']['output'];
  /** FAILED ones, at most 100; 0 if the filter excludes them. */
  failed: Scalars['Int']['output'];
  /** True if there may be more than these: show '100+' for one that is 100. */
  hasMore: Scalars['Boolean']['output'];
};

/** A message of a live list: IngestionListSnapshot first, then IngestionListChange. */
export type IngestionListMessage = {
  /** How many match the filter now. */
  counts: IngestionListCounts;
  /** Where the page ends now; endCursor is for Query.ingestions with the same filter. */
  pageInfo: PageInfo;
  /** The server's clock. */
  timestamp: Scalars['Timestamp']['output'];
};

/** The whole page. It replaces all rows that the client has: it is the first message, and comes again if the client is behind or its token covers other projects. */
export type IngestionListSnapshot = IngestionListMessage & {
  /** How many match the filter now. */
  counts: IngestionListCounts;
  /** Where the page ends now; endCursor is for Query.ingestions with the same filter. */
  pageInfo: PageInfo;
  /** The page, in order: at most 'first' rows. */
  rows: Array<IngestionRow>;
  /** The server's clock. */
  timestamp: Scalars['Timestamp']['output'];
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

/** What went wrong with one item. */
export type IngestionProblem = {
  /** The attempt that reported it, from 1. */
  attempt: Scalars['Int']['output'];
  /** Stable, for programs: 1 to 64 of A-Z 0-9 _. */
  code: Scalars['String']['output'];
  /** A path or a name, 1 to 500 characters. */
  item: Scalars['String']['output'];
  /** For people; null if the job gave none. */
  message: Maybe<Scalars['String']['output']>;
  /** 1 to 12; null if the job did not say. */
  phase: Maybe<Scalars['Int']['output']>;
  /** When the server took it. */
  reportedAt: Scalars['Timestamp']['output'];
  /** WARNING or ERROR. */
  severity: ProblemSeverity;
  /** An http or https address of the item; null if the job gave none. */
  url: Maybe<Scalars['String']['output']>;
};

/** The whole state of one ingestion: the same by subscription, query and REST. */
export type IngestionProgress = {
  /** Which run of the job this is, from 1: raised by one if another process starts the same ingestion again. */
  attempt: Scalars['Int']['output'];
  /** When a person asked to cancel; null if nobody did. */
  cancelRequestedAt: Maybe<Scalars['Timestamp']['output']>;
  /** Whether the job listens to a cancel request. */
  cancellable: Scalars['Boolean']['output'];
  /** When it ended; null before. */
  completedAt: Maybe<Scalars['Timestamp']['output']>;
  /** The furthest phase that began, 1 to 12; 0 while waiting for the first. */
  currentPhase: Scalars['Int']['output'];
  /** Set when FAILED. */
  error: Maybe<IngestionFailure>;
  /** Upper end of the estimate, in seconds, at most twice the lower; null with etaSeconds. */
  etaHighSeconds: Maybe<Scalars['Float']['output']>;
  /** Lower end of the estimate, in seconds; null with etaSeconds. */
  etaLowSeconds: Maybe<Scalars['Float']['output']>;
  /** Seconds that the whole run still takes; null if a phase to come has no weight, or the estimate is not good enough. */
  etaSeconds: Maybe<Scalars['Float']['output']>;
  /** The phase it began at: 1, but for a retry that goes on further in. */
  fromPhase: Scalars['Int']['output'];
  /** The ingestion's id. */
  id: Scalars['ID']['output'];
  /** What describes it, at most 10, in the job's order. */
  labels: Array<Label>;
  /** How many attempts there may be; null if not known. */
  maxAttempts: Maybe<Scalars['Int']['output']>;
  /** Of the current phase; null if it gave none. */
  metrics: Maybe<PhaseMetrics>;
  /** Null unless the job paused; status stays RUNNING. */
  pause: Maybe<Pause>;
  /** 1 to 12, in order. */
  phases: Array<Phase>;
  /** How many items have problems; the problems themselves are not part of the state. */
  problems: ProblemCounts;
  /** Overall, 0 to 100: the weighted mean of the phases, skipped ones as done, unknown ones as 0; null until some phase is measured or ended. At most 99 before the ending. Never goes back within an attempt. */
  progressPercent: Maybe<Scalars['Float']['output']>;
  /** When the work last moved: a report with something new. */
  progressedAt: Scalars['Timestamp']['output'];
  /** The project it belongs to. */
  projectId: Scalars['ID']['output'];
  /** Set when COMPLETED. */
  result: Maybe<IngestionResult>;
  /** The ingestion that this one tries again; null for a first try. */
  retryOf: Maybe<Scalars['ID']['output']>;
  /** Orders everything: strictly rising within a project, also across restarts. Drop what is not newer. */
  revision: Scalars['SafeInt']['output'];
  /** Milliseconds without a report after which the server marks it FAILED, INGESTION_STALLED, recoverable. */
  staleAfterMs: Scalars['SafeInt']['output'];
  /** When it started. */
  startedAt: Scalars['Timestamp']['output'];
  /** If the job stands. */
  status: IngestionStatus;
  /** For people: what is ingested; null if the job gave none. */
  title: Maybe<Scalars['String']['output']>;
  /** When the job was last heard of (heartbeats too), or the state last changed. */
  updatedAt: Scalars['Timestamp']['output'];
  /** Null unless the job said what it waits for, and no phase has begun. */
  waiting: Maybe<Waiting>;
};

/** How a completed ingestion came out, with its counts. */
export type IngestionResult = {
  /** Bytes done; null if the job did not say. */
  bytesProcessed: Maybe<Scalars['SafeInt']['output']>;
  /** From start to completion, in milliseconds. */
  durationMs: Scalars['SafeInt']['output'];
  /** Items that failed: the job's own count, else of its problems; null if it gave neither. */
  itemsFailed: Maybe<Scalars['SafeInt']['output']>;
  /** Items done; null if the job did not say. */
  itemsProcessed: Maybe<Scalars['SafeInt']['output']>;
  /** Where to go from here, at most 10. */
  links: Array<ResultLink>;
  /** SUCCESS, or PARTIAL if items failed. */
  outcome: IngestionOutcome;
  /** What the job wants its callers to have: ids, addresses, counts. */
  output: Maybe<Scalars['JSON']['output']>;
  /** A sentence for people; null if the job gave none. */
  summary: Maybe<Scalars['String']['output']>;
};

/** How the ingestion came out. */
export type IngestionResultInput = {
  /** Bytes done. */
  bytesProcessed?: InputMaybe<Scalars['SafeInt']['input']>;
  /** Items that failed. */
  itemsFailed?: InputMaybe<Scalars['SafeInt']['input']>;
  /** Items done. */
  itemsProcessed?: InputMaybe<Scalars['SafeInt']['input']>;
  /** At most 10; one that is no http or https address is dropped. */
  links?: InputMaybe<Array<ResultLinkInput>>;
  /** PARTIAL if absent and items failed, else SUCCESS. */
  outcome?: InputMaybe<IngestionOutcome>;
  /** What the job wants its callers to have; dropped if it is more than 16 KiB as JSON. */
  output?: InputMaybe<Scalars['JSON']['input']>;
  /** A sentence for people; cut at 2,000 characters. */
  summary?: InputMaybe<Scalars['String']['input']>;
};

/**
 * An ingestion in a live list: what a row shows. The key of a row is projectId and id together. Rows are ordered by
 * (status is RUNNING, startedAt, id, projectId), each descending, texts by UTF-16 code units; a client keeps that order itself.
 */
export type IngestionRow = {
  /** Which run of the job this is, from 1. */
  attempt: Scalars['Int']['output'];
  /** When it ended; null before. */
  completedAt: Maybe<Scalars['Timestamp']['output']>;
  /** The furthest phase that began, 1 to 12; 0 while waiting for the first. */
  currentPhase: Scalars['Int']['output'];
  /** Stable, for programs; null unless FAILED. */
  errorCode: Maybe<Scalars['String']['output']>;
  /** Upper end of the estimate, in seconds; null with etaSeconds. */
  etaHighSeconds: Maybe<Scalars['Float']['output']>;
  /** Lower end of the estimate, in seconds; null with etaSeconds. */
  etaLowSeconds: Maybe<Scalars['Float']['output']>;
  /** Seconds that the whole run still takes; null if not known. */
  etaSeconds: Maybe<Scalars['Float']['output']>;
  /** The ingestion's id; unique within its project only. */
  id: Scalars['ID']['output'];
  /** What describes it, at most 10, in the job's order. */
  labels: Array<Label>;
  /** How it came out; null unless COMPLETED. */
  outcome: Maybe<IngestionOutcome>;
  /** True while the job waits on purpose. */
  paused: Scalars['Boolean']['output'];
  /** How many phases there are, 1 to 12. */
  phaseCount: Scalars['Int']['output'];
  /** Name of the current phase; null while waiting for the first. */
  phaseName: Maybe<Scalars['String']['output']>;
  /** Overall, 0 to 100; null until some phase is measured or ended. Never goes back within an attempt. */
  progressPercent: Maybe<Scalars['Float']['output']>;
  /** The project it belongs to. */
  projectId: Scalars['ID']['output'];
  /** True if FAILED and the same job may go on. */
  recoverable: Scalars['Boolean']['output'];
  /** Orders the states of one project. A message never has an older state of a row than the one before. */
  revision: Scalars['SafeInt']['output'];
  /** When it started. */
  startedAt: Scalars['Timestamp']['output'];
  /** The state of the job. */
  status: IngestionStatus;
  /** What is ingested, for people; null if the job gave none. */
  title: Maybe<Scalars['String']['output']>;
  /** When the job was last heard of, or the state last changed. */
  updatedAt: Scalars['Timestamp']['output'];
};

/** The key of a row. */
export type IngestionRowKey = {
  /** The ingestion. */
  id: Scalars['ID']['output'];
  /** The project. */
  projectId: Scalars['ID']['output'];
};

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
export type Label = {
  /** 1 to 64 characters. */
  name: Scalars['String']['output'];
  /** 1 to 128 characters. */
  value: Scalars['String']['output'];
};

/** A name and a value that describe an ingestion. */
export type LabelInput = {
  /** 1 to 64 characters. */
  name: Scalars['String']['input'];
  /** 1 to 128 characters. */
  value: Scalars['String']['input'];
};

/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type Mutation = {
  /** Whether the job does what a command asks. */
  acknowledgeCommand: IngestionCommand;
  /** A person asks to stop. Needs ingestion:control. Answers as retryIngestion does. CONFLICT if the ingestion is not cancellable or has ended. */
  cancelIngestion: IngestionCommand;
  /** The ingestion completed. Answered once it is stored. */
  completeIngestion: ReportPayload;
  /** The job stopped because it was asked to. */
  confirmCancelled: ReportPayload;
  /** The ingestion failed. An ending if not recoverable. */
  failIngestion: ReportPayload;
  /** Answers once everything that was taken of this ingestion is stored. UNAVAILABLE after 30 s. */
  flushReports: ReportPayload;
  /** The job waits on purpose: no stall until it goes on, or until the time it gave is over. */
  pauseIngestion: ReportPayload;
  /** Over a WebSocket only: puts a fresh token of the same subject on the open connection, so that a long ingestion outlives its first token. */
  refreshToken: TokenLifetime;
  /** A sign of life, for a job that has nothing new to say. */
  reportHeartbeat: ReportPayload;
  /** A phase is done. */
  reportPhaseCompleted: ReportPayload;
  /** A phase began; those before it are completed or skipped, unless keepRunning. */
  reportPhaseStarted: ReportPayload;
  /**
   * What went wrong, item by item. Answered once it is stored, accepted: false if all of it was known; the counts show in the
   * next event. At most 10 a second of an ingestion.
   */
  reportProblems: ReportPayload;
  /** The job got further; merged to two events a second. Answered once it is checked and taken. */
  reportProgress: ReportPayload;
  /** What the job waits for before its first phase. CONFLICT once a phase has begun. */
  reportWaiting: ReportPayload;
  /** The job goes on; any report of progress says so too. */
  resumeIngestion: ReportPayload;
  /**
   * A person asks for another go. Needs ingestion:control. Answers once the command is ACCEPTED, REJECTED or, after 5 s,
   * NO_RECEIVER; only jobs see PENDING. CONFLICT if the ingestion is running.
   */
  retryIngestion: IngestionCommand;
  /** Start an ingestion. Needs progress:write, as do all down to acknowledgeCommand. */
  startIngestion: StartIngestionPayload;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationAcknowledgeCommandArgs = {
  input: AcknowledgeCommandInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationCancelIngestionArgs = {
  ingestionId: Scalars['ID']['input'];
  projectId: Scalars['ID']['input'];
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationCompleteIngestionArgs = {
  input: CompleteIngestionInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationConfirmCancelledArgs = {
  input: ConfirmCancelledInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationFailIngestionArgs = {
  input: FailIngestionInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationFlushReportsArgs = {
  input: FlushReportsInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationPauseIngestionArgs = {
  input: PauseIngestionInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationRefreshTokenArgs = {
  token: Scalars['String']['input'];
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationReportHeartbeatArgs = {
  input: ReportHeartbeatInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationReportPhaseCompletedArgs = {
  input: ReportPhaseCompletedInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationReportPhaseStartedArgs = {
  input: ReportPhaseStartedInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationReportProblemsArgs = {
  input: ReportProblemsInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationReportProgressArgs = {
  input: ReportProgressInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationReportWaitingArgs = {
  input: ReportWaitingInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationResumeIngestionArgs = {
  input: ResumeIngestionInput;
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationRetryIngestionArgs = {
  fromPhase: InputMaybe<Scalars['Int']['input']>;
  ingestionId: Scalars['ID']['input'];
  projectId: Scalars['ID']['input'];
};


/** Reports of jobs in other processes or languages, and what a person asks of a job. */
export type MutationStartIngestionArgs = {
  input: StartIngestionInput;
};

/** Where a page of a list ends. */
export type PageInfo = {
  /** Pass as 'after' for the next page; null for an empty page behind which nothing follows. */
  endCursor: Maybe<Scalars['String']['output']>;
  /** Whether more follows. */
  hasNextPage: Scalars['Boolean']['output'];
};

/** The job waits on purpose: no stall, and no time for the estimate. */
export type Pause = {
  /** For people. */
  reason: Scalars['String']['output'];
  /** When it paused. */
  since: Scalars['Timestamp']['output'];
  /** When the job expects to go on; null if it did not say. */
  until: Maybe<Scalars['Timestamp']['output']>;
};

/** The job waits on purpose. */
export type PauseIngestionInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** For people, 1 to 2,000 characters. */
  reason: Scalars['String']['input'];
  /** Rises within an attempt, and for each part on its own; a report whose sequence is not greater changes nothing and says accepted: false. */
  sequence?: InputMaybe<Scalars['SafeInt']['input']>;
  /** When it expects to go on; in the future. */
  until?: InputMaybe<Scalars['Timestamp']['input']>;
};

/** One phase of an ingestion. */
export type Phase = {
  /** When it was completed, skipped or failed; null before. */
  completedAt: Maybe<Scalars['Timestamp']['output']>;
  /** The error that stopped this phase; null if none did. */
  error: Maybe<IngestionFailure>;
  /** What the job said last about this phase, for people. */
  message: Maybe<Scalars['String']['output']>;
  /** Counts of this phase; null if the job never gave any. */
  metrics: Maybe<PhaseMetrics>;
  /** As the job named it; Discovery, Extraction, Analysis, Indexing if it named none. */
  name: Scalars['String']['output'];
  /** 1 to 12. */
  number: Scalars['Int']['output'];
  /**
   * Of this phase, 0 to 100; null if not known. The job's own, else worked out from its bytes, else from its items, and then
   * at most 99 until the phase is completed. Never goes back within an attempt.
   */
  percent: Maybe<Scalars['Float']['output']>;
  /** When it began; null while it has not. */
  startedAt: Maybe<Scalars['Timestamp']['output']>;
  /** Where this phase stands. */
  status: PhaseStatus;
  /** Share of the whole, above 0 to 1; all phases add up to 1. */
  weight: Scalars['Float']['output'];
};

/** A phase, in the order in which they begin. */
export type PhaseInput = {
  /** Bytes there are to do. */
  bytesTotal?: InputMaybe<Scalars['SafeInt']['input']>;
  /** Items there are to do. */
  itemsTotal?: InputMaybe<Scalars['SafeInt']['input']>;
  /** 1 to 80 characters. */
  name: Scalars['String']['input'];
  /** Its share of the whole, a number above 0; give one for every phase or for none. Equal if absent. */
  weight?: InputMaybe<Scalars['Float']['input']>;
};

/** What a phase counts. Every count is null if the job never gave it: unknown is not zero. */
export type PhaseMetrics = {
  /** Bytes done. */
  bytesProcessed: Maybe<Scalars['SafeInt']['output']>;
  /** Bytes there are to do. */
  bytesTotal: Maybe<Scalars['SafeInt']['output']>;
  /** Whatever else this phase counts (pages, chunks, rows), in the job's order: the first 20 that it names. */
  counters: Array<Counter>;
  /** Upper end of the estimate, in seconds, at most twice the lower; null with etaSeconds. */
  etaHighSeconds: Maybe<Scalars['Float']['output']>;
  /** Lower end of the estimate, in seconds; null with etaSeconds. */
  etaLowSeconds: Maybe<Scalars['Float']['output']>;
  /** Seconds that this phase still takes; null until the estimate is good enough to be shown. */
  etaSeconds: Maybe<Scalars['Float']['output']>;
  /** Items that failed. */
  itemsFailed: Maybe<Scalars['SafeInt']['output']>;
  /** Items a second, smoothed; worked out by the server if the job does not give one. */
  itemsPerSecond: Maybe<Scalars['Float']['output']>;
  /** Items done, those that failed among them. */
  itemsProcessed: Maybe<Scalars['SafeInt']['output']>;
  /** Items there are to do. */
  itemsTotal: Maybe<Scalars['SafeInt']['output']>;
  /** False if the job said that itemsTotal may still grow. */
  itemsTotalIsFinal: Scalars['Boolean']['output'];
};

/** Counts of a phase; what is absent stays as it was. */
export type PhaseMetricsInput = {
  /** Bytes done. */
  bytesProcessed?: InputMaybe<Scalars['SafeInt']['input']>;
  /** Bytes there are to do. */
  bytesTotal?: InputMaybe<Scalars['SafeInt']['input']>;
  /** At most 20. */
  counters?: InputMaybe<Array<CounterInput>>;
  /** Items that failed. */
  itemsFailed?: InputMaybe<Scalars['SafeInt']['input']>;
  /** Items a second; worked out by the server if absent. */
  itemsPerSecond?: InputMaybe<Scalars['Float']['input']>;
  /** Items done, those that failed among them. */
  itemsProcessed?: InputMaybe<Scalars['SafeInt']['input']>;
  /** Items there are to do. */
  itemsTotal?: InputMaybe<Scalars['SafeInt']['input']>;
  /** False if itemsTotal may still grow; true if absent. */
  itemsTotalIsFinal?: InputMaybe<Scalars['Boolean']['input']>;
};

/** A phase began. The report type that jobs know as phase_started. */
export type PhaseStarted = IngestionEvent & {
  /** The ingestion. */
  ingestionId: Scalars['ID']['output'];
  /** What the job said. */
  message: Scalars['String']['output'];
  /** 1 to 12. */
  phase: Scalars['Int']['output'];
  /** The phase's name. */
  phaseName: Scalars['String']['output'];
  /** The complete new state. */
  progress: IngestionProgress;
  /** The project. */
  projectId: Scalars['ID']['output'];
  /** Of the new state. */
  revision: Scalars['SafeInt']['output'];
  /** When it began. */
  timestamp: Scalars['Timestamp']['output'];
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

/** What is known beforehand of one phase's size. */
export type PhaseTotalsInput = {
  /** Bytes there are to do. */
  bytesTotal?: InputMaybe<Scalars['SafeInt']['input']>;
  /** Items there are to do. */
  itemsTotal?: InputMaybe<Scalars['SafeInt']['input']>;
  /** 1 to 12. */
  phase: Scalars['Int']['input'];
};

/** How often one code occurred. */
export type ProblemCodeCount = {
  /** The job's code, or OTHER. */
  code: Scalars['String']['output'];
  /** How many. */
  count: Scalars['SafeInt']['output'];
  /** Of these problems. */
  severity: ProblemSeverity;
};

/** A page of an ingestion's problems. */
export type ProblemConnection = {
  /** In the order of their reports. */
  edges: Array<ProblemEdge>;
  /** Where this page ends. */
  pageInfo: PageInfo;
};

/** How many problems the newest attempt has. */
export type ProblemCounts = {
  /** By code, most frequent first: at most 50, and the rest under the code OTHER. */
  byCode: Array<ProblemCodeCount>;
  /** Distinct problems of severity ERROR. */
  errors: Scalars['SafeInt']['output'];
  /** Distinct problems of severity WARNING. */
  warnings: Scalars['SafeInt']['output'];
};

/** One problem in a list. */
export type ProblemEdge = {
  /** Its place in the list. */
  cursor: Scalars['String']['output'];
  /** The problem. */
  node: IngestionProblem;
};

/** What went wrong with one item. Known by attempt, phase, item and code: a repeat changes nothing. */
export type ProblemInput = {
  /** Stable, for programs, 1 to 64 characters; made into A-Z 0-9 _ (ValueError: VALUE_ERROR). */
  code: Scalars['String']['input'];
  /** A path or a name, 1 to 500 characters. */
  item: Scalars['String']['input'];
  /** For people; cut at 2,000 characters. */
  message?: InputMaybe<Scalars['String']['input']>;
  /** 1 to 12. */
  phase?: InputMaybe<Scalars['Int']['input']>;
  /** ERROR if the item failed. */
  severity: ProblemSeverity;
  /** An http or https address of the item. */
  url?: InputMaybe<Scalars['String']['input']>;
};

/** How grave a problem is. */
export type ProblemSeverity =
  /** The item failed. */
  | 'ERROR'
  /** The item went in, with a doubt. */
  | 'WARNING';

/** First message of every subscription, after any gap, when an ingestion starts, and for a change that no other event tells (a cancel request, a sign of life with nothing new). If the project never ingested: progress null, revision 0. */
export type ProgressSnapshot = IngestionEvent & {
  /** The ingestion; null if the project never ingested. */
  ingestionId: Maybe<Scalars['ID']['output']>;
  /** The complete state; null if the project never ingested. */
  progress: Maybe<IngestionProgress>;
  /** The project. */
  projectId: Scalars['ID']['output'];
  /** Of the state; 0 if the project never ingested. */
  revision: Scalars['SafeInt']['output'];
  /** When the state was read or changed. */
  timestamp: Scalars['Timestamp']['output'];
};

/** The job got further. At most two a second for a project; known to jobs as progress_update. */
export type ProgressUpdate = IngestionEvent & {
  /** The ingestion. */
  ingestionId: Scalars['ID']['output'];
  /** Of the phase. */
  metrics: PhaseMetrics;
  /** 1 to 12. */
  phase: Scalars['Int']['output'];
  /** The complete new state. */
  progress: IngestionProgress;
  /** Of the phase, 0 to 100; null if not known. The overall one is progress.progressPercent. */
  progressPercent: Maybe<Scalars['Float']['output']>;
  /** The project. */
  projectId: Scalars['ID']['output'];
  /** Of the new state. */
  revision: Scalars['SafeInt']['output'];
  /** When the newest report in it came. */
  timestamp: Scalars['Timestamp']['output'];
};

/** Everything that can be read once. All of it needs a token; a project's, one that covers the project. */
export type Query = {
  /** What was recorded of one ingestion, oldest first, for debugging; first is 1 to 500. */
  ingestionEvents: RecordedEventConnection;
  /**
   * What went wrong item by item: of one attempt, the newest if absent. Only so many are kept of an ingestion
   * (MAX_PROBLEMS_PER_INGESTION); IngestionProgress.problems counts the others too. first is 1 to 500.
   */
  ingestionProblems: ProblemConnection;
  /**
   * Ingestions that match the filter and that the token covers, earlier ones of each project too: running ones first, then
   * the newest start first. first is 1 to 100. projectId is short for a filter with that project alone; BAD_USER_INPUT
   * beside filter.projectIds. A cursor is good for its own filter only. With labels a page may be shorter than first, even
   * empty, although hasNextPage is true: the server looks through so many at a time.
   */
  ingestions: IngestionConnection;
  /** Latest state of a project's ingestion, or of the one named, for polling. Null if it never ingested. */
  progress: Maybe<IngestionProgress>;
  /** The server's clock. */
  serverTime: Scalars['Timestamp']['output'];
  /** Whom the token names, what it may do, and until when. */
  viewer: Viewer;
};


/** Everything that can be read once. All of it needs a token; a project's, one that covers the project. */
export type QueryIngestionEventsArgs = {
  after: InputMaybe<Scalars['String']['input']>;
  first?: Scalars['Int']['input'];
  ingestionId: Scalars['ID']['input'];
  projectId: Scalars['ID']['input'];
};


/** Everything that can be read once. All of it needs a token; a project's, one that covers the project. */
export type QueryIngestionProblemsArgs = {
  after: InputMaybe<Scalars['String']['input']>;
  attempt: InputMaybe<Scalars['Int']['input']>;
  code: InputMaybe<Scalars['String']['input']>;
  first?: Scalars['Int']['input'];
  ingestionId: Scalars['ID']['input'];
  projectId: Scalars['ID']['input'];
  severity: InputMaybe<ProblemSeverity>;
};


/** Everything that can be read once. All of it needs a token; a project's, one that covers the project. */
export type QueryIngestionsArgs = {
  after: InputMaybe<Scalars['String']['input']>;
  filter: InputMaybe<IngestionFilter>;
  first?: Scalars['Int']['input'];
  projectId: InputMaybe<Scalars['ID']['input']>;
};


/** Everything that can be read once. All of it needs a token; a project's, one that covers the project. */
export type QueryProgressArgs = {
  ingestionId: InputMaybe<Scalars['ID']['input']>;
  projectId: Scalars['ID']['input'];
};

/** One entry of an ingestion's log. */
export type RecordedEvent = {
  /** Unique within the ingestion. */
  id: Scalars['ID']['output'];
  /** What is particular to it. */
  payload: Scalars['JSON']['output'];
  /** Of the state after it. */
  revision: Scalars['SafeInt']['output'];
  /** When it happened. */
  timestamp: Scalars['Timestamp']['output'];
  /** ingestion_started, phase_started, progress_update, ingestion_complete, error, cancelled, or command. */
  type: Scalars['String']['output'];
};

/** A page of an ingestion's log. */
export type RecordedEventConnection = {
  /** Oldest first. */
  edges: Array<RecordedEventEdge>;
  /** Where this page ends. */
  pageInfo: PageInfo;
};

/** One entry in a log page. */
export type RecordedEventEdge = {
  /** Its place in the log. */
  cursor: Scalars['String']['output'];
  /** The entry. */
  node: RecordedEvent;
};

/** The process lives; nothing else is new. */
export type ReportHeartbeatInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
};

/** The answer to a report. */
export type ReportPayload = {
  /** False if this sequence was already taken, or the same ending is stored already: nothing changed. */
  accepted: Scalars['Boolean']['output'];
  /** What was cut, normalised or dropped: a sentence each. */
  adjustments: Array<Scalars['String']['output']>;
  /** The newest state; progress that was only just taken shows in the next event. */
  progress: IngestionProgress;
  /** Greatest revision of the project known to be stored; null if not known. A report answered at or below it is safe. */
  storedRevision: Maybe<Scalars['SafeInt']['output']>;
};

/** A phase is done, also if none begins after it. */
export type ReportPhaseCompletedInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** 1 to 12. */
  phase: Scalars['Int']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** Rises within an attempt, and for each part on its own; a report whose sequence is not greater changes nothing and says accepted: false. */
  sequence?: InputMaybe<Scalars['SafeInt']['input']>;
};

/** A phase began. */
export type ReportPhaseStartedInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** Whether the phases that run go on beside it; otherwise they are completed. */
  keepRunning?: Scalars['Boolean']['input'];
  /** For people, 1 to 2,000 characters. */
  message: Scalars['String']['input'];
  /** 1 to 12. */
  phase: Scalars['Int']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** Rises within an attempt, and for each part on its own; a report whose sequence is not greater changes nothing and says accepted: false. */
  sequence?: InputMaybe<Scalars['SafeInt']['input']>;
};

/** What went wrong, item by item. */
export type ReportProblemsInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** 1 to 100. */
  problems: Array<ProblemInput>;
  /** The project. */
  projectId: Scalars['ID']['input'];
};

/** The job got further. */
export type ReportProgressInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** For people; cut at 2,000 characters. */
  message?: InputMaybe<Scalars['String']['input']>;
  /** Counts of the phase (with part: of the part). */
  metrics?: InputMaybe<PhaseMetricsInput>;
  /** Which worker or shard this is of, 1 to 128 characters: the phase shows the sums of its parts, at most 256. */
  part?: InputMaybe<Scalars['String']['input']>;
  /** 1 to 12. */
  phase: Scalars['Int']['input'];
  /** Of the phase (with part: of the part), 0 to 100; null or absent if not known. What is beyond is taken as 0 or 100. */
  progressPercent?: InputMaybe<Scalars['Float']['input']>;
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** Rises within an attempt, and for each part on its own; a report whose sequence is not greater changes nothing and says accepted: false. */
  sequence?: InputMaybe<Scalars['SafeInt']['input']>;
};

/** What the job waits for before its first phase. */
export type ReportWaitingInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** Its place in its queue, from 1. */
  queuePosition?: InputMaybe<Scalars['SafeInt']['input']>;
  /** Rises within an attempt, and for each part on its own; a report whose sequence is not greater changes nothing and says accepted: false. */
  sequence?: InputMaybe<Scalars['SafeInt']['input']>;
  /** For people; cut at 2,000 characters. */
  waitingFor?: InputMaybe<Scalars['String']['input']>;
};

/** An address in a result. */
export type ResultLink = {
  /** For people, 1 to 80 characters. */
  label: Scalars['String']['output'];
  /** An http or https address, at most 2,000 characters. */
  url: Scalars['String']['output'];
};

/** An address in a result. */
export type ResultLinkInput = {
  /** For people; cut at 80 characters. */
  label: Scalars['String']['input'];
  /** An http or https address. */
  url: Scalars['String']['input'];
};

/** The job goes on. */
export type ResumeIngestionInput = {
  /** As at the start; a report of an earlier attempt is a CONFLICT. */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** The ingestion. */
  ingestionId: Scalars['ID']['input'];
  /** The project. */
  projectId: Scalars['ID']['input'];
  /** Rises within an attempt, and for each part on its own; a report whose sequence is not greater changes nothing and says accepted: false. */
  sequence?: InputMaybe<Scalars['SafeInt']['input']>;
};

/** Whether and how a failed ingestion may be tried again. */
export type RetryOptions = {
  /** Which attempt this one was, from 1; null if the job does not count. */
  attempt: Maybe<Scalars['Int']['output']>;
  /** Whether a person may ask for another go. */
  canRetry: Scalars['Boolean']['output'];
  /** The phase to begin at, 1 to 12; null for the first. */
  fromPhase: Maybe<Scalars['Int']['output']>;
  /** How many attempts there may be; null if there is no limit. */
  maxAttempts: Maybe<Scalars['Int']['output']>;
  /** Milliseconds to wait before; null for none. */
  retryAfterMs: Maybe<Scalars['SafeInt']['output']>;
};

/** Whether and how the ingestion may be tried again. */
export type RetryOptionsInput = {
  /** Which attempt this one was, from 1. */
  attempt?: InputMaybe<Scalars['Int']['input']>;
  /** Whether a person may ask for another go. */
  canRetry: Scalars['Boolean']['input'];
  /** The phase to begin at, 1 to 12. */
  fromPhase?: InputMaybe<Scalars['Int']['input']>;
  /** How many attempts there may be. */
  maxAttempts?: InputMaybe<Scalars['Int']['input']>;
  /** Milliseconds to wait before. */
  retryAfterMs?: InputMaybe<Scalars['SafeInt']['input']>;
};

/** The start of an ingestion. */
export type StartIngestionInput = {
  /**
   * Random for each run of the job's process, 1 to 64 characters. A start with the same key is the same start. With another
   * one it takes the ingestion over: attempt rises by one, and reports with the older key are a CONFLICT.
   */
  attemptKey?: InputMaybe<Scalars['String']['input']>;
  /** Whether the job listens to a cancel request. */
  cancellable?: Scalars['Boolean']['input'];
  /** The phase to begin at, 1 to 12; those before are skipped. */
  fromPhase?: Scalars['Int']['input'];
  /** Chosen by the job, so that a repeated start is the same start. Made by the server if absent. */
  ingestionId?: InputMaybe<Scalars['ID']['input']>;
  /** At most 10. */
  labels?: InputMaybe<Array<LabelInput>>;
  /** How many attempts there may be. */
  maxAttempts?: InputMaybe<Scalars['Int']['input']>;
  /** Four names, 1 to 80 characters each. */
  phaseNames?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Share of the whole of each phase, four numbers above 0; equal if absent. */
  phaseWeights?: InputMaybe<Array<Scalars['Float']['input']>>;
  /** 1 to 12 phases; four with today's names if absent. Not beside phaseNames, phaseWeights or totals. */
  phases?: InputMaybe<Array<PhaseInput>>;
  /** 1 to 200 characters without control characters; not . or .. */
  projectId: Scalars['ID']['input'];
  /** End a running ingestion of the project as FAILED, INGESTION_REPLACED. Without it a second start is a CONFLICT. */
  replace?: Scalars['Boolean']['input'];
  /** The ingestion that this one tries again. */
  retryOf?: InputMaybe<Scalars['ID']['input']>;
  /** Milliseconds without a report after which the server marks it stalled; 1,000 to 604,800,000. */
  staleAfterMs?: Scalars['SafeInt']['input'];
  /** For people: what is ingested, 1 to 200 characters. */
  title?: InputMaybe<Scalars['String']['input']>;
  /** What is known beforehand of the phases' sizes. */
  totals?: InputMaybe<Array<PhaseTotalsInput>>;
};

/** The answer to a start. */
export type StartIngestionPayload = {
  /** Greatest sequence taken, of parts too; a restarted reporter goes on above it. Null if none was. */
  lastSequence: Maybe<Scalars['SafeInt']['output']>;
  /** Where to poll: the REST address of this project's progress. */
  pollUrl: Scalars['String']['output'];
  /** The state after it. */
  progress: IngestionProgress;
  /** Where to subscribe: a ws or wss address. */
  subscriptionUrl: Scalars['String']['output'];
};

/** Everything that is told as it happens: graphql-transport-ws by WebSocket, or server-sent events. */
export type Subscription = {
  /** For jobs: retry and cancel requests. Needs progress:write. */
  ingestionCommands: IngestionCommand;
  /**
   * Snapshot first, then events. Without follow it stays through recoverable failures and completes at the first ending,
   * or at once if the project's last ingestion has ended already; but if a newer ingestion takes over from one that is
   * running or recoverably failed (retryOf, replace or a plain start), it passes on to that one with a snapshot. With follow
   * it stays for the project's next ingestions too. With ingestionId it watches that one and those that retry it, whatever
   * follow says; one not known yet gives a snapshot with null progress, and waits.
   */
  ingestionProgress: IngestionEvent;
  /**
   * A live list of the ingestions that match the filter and that the token covers: the page of the first 1 to 100 of them,
   * then its changes. At most one message a second, and one change of a row a second; endings and failures come at once.
   * Access is checked again as for single subscriptions: rows of projects that are no longer covered leave, and a list whose
   * filter names such a project ends with FORBIDDEN. It never completes by itself.
   */
  ingestions: IngestionListMessage;
};


/** Everything that is told as it happens: graphql-transport-ws by WebSocket, or server-sent events. */
export type SubscriptionIngestionCommandsArgs = {
  projectId: Scalars['ID']['input'];
};


/** Everything that is told as it happens: graphql-transport-ws by WebSocket, or server-sent events. */
export type SubscriptionIngestionProgressArgs = {
  follow?: Scalars['Boolean']['input'];
  ingestionId: InputMaybe<Scalars['ID']['input']>;
  projectId: Scalars['ID']['input'];
};


/** Everything that is told as it happens: graphql-transport-ws by WebSocket, or server-sent events. */
export type SubscriptionIngestionsArgs = {
  filter: InputMaybe<IngestionFilter>;
  first?: Scalars['Int']['input'];
};

/** Until when the open connection's token is good. */
export type TokenLifetime = {
  /** When the token expires. */
  expiresAt: Scalars['Timestamp']['output'];
  /** What the token may do. */
  scopes: Array<Scalars['String']['output']>;
  /** The server's clock. */
  serverTime: Scalars['Timestamp']['output'];
};

/** Who the server takes you for. */
export type Viewer = {
  /** When the token expires. */
  expiresAt: Scalars['Timestamp']['output'];
  /** progress:read, progress:write, ingestion:control: those that the token has, implied ones among them. */
  scopes: Array<Scalars['String']['output']>;
  /** The server's clock, so that a wrong local one does no harm. */
  serverTime: Scalars['Timestamp']['output'];
  /** The token's sub. */
  subject: Scalars['ID']['output'];
};

/** The job has not begun its first phase, and said what it waits for. */
export type Waiting = {
  /** Its place in its queue, from 1; null if the job did not say. */
  queuePosition: Maybe<Scalars['SafeInt']['output']>;
  /** For people; null if the job did not say. */
  waitingFor: Maybe<Scalars['String']['output']>;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;

export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;




/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  IngestionEvent:
    | ( IngestionCancelled )
    | ( IngestionComplete )
    | ( IngestionFailed )
    | ( PhaseStarted )
    | ( ProgressSnapshot )
    | ( ProgressUpdate )
  ;
  IngestionListMessage:
    | ( IngestionListChange )
    | ( IngestionListSnapshot )
  ;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  AcknowledgeCommandInput: AcknowledgeCommandInput;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  CommandKind: CommandKind;
  CommandStatus: CommandStatus;
  CompleteIngestionInput: CompleteIngestionInput;
  ConfirmCancelledInput: ConfirmCancelledInput;
  Counter: ResolverTypeWrapper<Counter>;
  CounterInput: CounterInput;
  FailIngestionInput: FailIngestionInput;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  FlushReportsInput: FlushReportsInput;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  IngestionCancelled: ResolverTypeWrapper<IngestionCancelled>;
  IngestionCommand: ResolverTypeWrapper<IngestionCommand>;
  IngestionComplete: ResolverTypeWrapper<IngestionComplete>;
  IngestionConnection: ResolverTypeWrapper<IngestionConnection>;
  IngestionEdge: ResolverTypeWrapper<IngestionEdge>;
  IngestionEvent: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['IngestionEvent']>;
  IngestionFailed: ResolverTypeWrapper<IngestionFailed>;
  IngestionFailure: ResolverTypeWrapper<IngestionFailure>;
  IngestionFilter: IngestionFilter;
  IngestionListChange: ResolverTypeWrapper<IngestionListChange>;
  IngestionListCounts: ResolverTypeWrapper<IngestionListCounts>;
  IngestionListMessage: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['IngestionListMessage']>;
  IngestionListSnapshot: ResolverTypeWrapper<IngestionListSnapshot>;
  IngestionListStatus: IngestionListStatus;
  IngestionOutcome: IngestionOutcome;
  IngestionProblem: ResolverTypeWrapper<IngestionProblem>;
  IngestionProgress: ResolverTypeWrapper<IngestionProgress>;
  IngestionResult: ResolverTypeWrapper<IngestionResult>;
  IngestionResultInput: IngestionResultInput;
  IngestionRow: ResolverTypeWrapper<IngestionRow>;
  IngestionRowKey: ResolverTypeWrapper<IngestionRowKey>;
  IngestionStatus: IngestionStatus;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  Label: ResolverTypeWrapper<Label>;
  LabelInput: LabelInput;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Pause: ResolverTypeWrapper<Pause>;
  PauseIngestionInput: PauseIngestionInput;
  Phase: ResolverTypeWrapper<Phase>;
  PhaseInput: PhaseInput;
  PhaseMetrics: ResolverTypeWrapper<PhaseMetrics>;
  PhaseMetricsInput: PhaseMetricsInput;
  PhaseStarted: ResolverTypeWrapper<PhaseStarted>;
  PhaseStatus: PhaseStatus;
  PhaseTotalsInput: PhaseTotalsInput;
  ProblemCodeCount: ResolverTypeWrapper<ProblemCodeCount>;
  ProblemConnection: ResolverTypeWrapper<ProblemConnection>;
  ProblemCounts: ResolverTypeWrapper<ProblemCounts>;
  ProblemEdge: ResolverTypeWrapper<ProblemEdge>;
  ProblemInput: ProblemInput;
  ProblemSeverity: ProblemSeverity;
  ProgressSnapshot: ResolverTypeWrapper<ProgressSnapshot>;
  ProgressUpdate: ResolverTypeWrapper<ProgressUpdate>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  RecordedEvent: ResolverTypeWrapper<RecordedEvent>;
  RecordedEventConnection: ResolverTypeWrapper<RecordedEventConnection>;
  RecordedEventEdge: ResolverTypeWrapper<RecordedEventEdge>;
  ReportHeartbeatInput: ReportHeartbeatInput;
  ReportPayload: ResolverTypeWrapper<ReportPayload>;
  ReportPhaseCompletedInput: ReportPhaseCompletedInput;
  ReportPhaseStartedInput: ReportPhaseStartedInput;
  ReportProblemsInput: ReportProblemsInput;
  ReportProgressInput: ReportProgressInput;
  ReportWaitingInput: ReportWaitingInput;
  ResultLink: ResolverTypeWrapper<ResultLink>;
  ResultLinkInput: ResultLinkInput;
  ResumeIngestionInput: ResumeIngestionInput;
  RetryOptions: ResolverTypeWrapper<RetryOptions>;
  RetryOptionsInput: RetryOptionsInput;
  SafeInt: ResolverTypeWrapper<Scalars['SafeInt']['output']>;
  StartIngestionInput: StartIngestionInput;
  StartIngestionPayload: ResolverTypeWrapper<StartIngestionPayload>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Timestamp: ResolverTypeWrapper<Scalars['Timestamp']['output']>;
  TokenLifetime: ResolverTypeWrapper<TokenLifetime>;
  Viewer: ResolverTypeWrapper<Viewer>;
  Waiting: ResolverTypeWrapper<Waiting>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  AcknowledgeCommandInput: AcknowledgeCommandInput;
  Boolean: Scalars['Boolean']['output'];
  CompleteIngestionInput: CompleteIngestionInput;
  ConfirmCancelledInput: ConfirmCancelledInput;
  Counter: Counter;
  CounterInput: CounterInput;
  FailIngestionInput: FailIngestionInput;
  Float: Scalars['Float']['output'];
  FlushReportsInput: FlushReportsInput;
  ID: Scalars['ID']['output'];
  IngestionCancelled: IngestionCancelled;
  IngestionCommand: IngestionCommand;
  IngestionComplete: IngestionComplete;
  IngestionConnection: IngestionConnection;
  IngestionEdge: IngestionEdge;
  IngestionEvent: ResolversInterfaceTypes<ResolversParentTypes>['IngestionEvent'];
  IngestionFailed: IngestionFailed;
  IngestionFailure: IngestionFailure;
  IngestionFilter: IngestionFilter;
  IngestionListChange: IngestionListChange;
  IngestionListCounts: IngestionListCounts;
  IngestionListMessage: ResolversInterfaceTypes<ResolversParentTypes>['IngestionListMessage'];
  IngestionListSnapshot: IngestionListSnapshot;
  IngestionProblem: IngestionProblem;
  IngestionProgress: IngestionProgress;
  IngestionResult: IngestionResult;
  IngestionResultInput: IngestionResultInput;
  IngestionRow: IngestionRow;
  IngestionRowKey: IngestionRowKey;
  Int: Scalars['Int']['output'];
  JSON: Scalars['JSON']['output'];
  Label: Label;
  LabelInput: LabelInput;
  Mutation: Record<PropertyKey, never>;
  PageInfo: PageInfo;
  Pause: Pause;
  PauseIngestionInput: PauseIngestionInput;
  Phase: Phase;
  PhaseInput: PhaseInput;
  PhaseMetrics: PhaseMetrics;
  PhaseMetricsInput: PhaseMetricsInput;
  PhaseStarted: PhaseStarted;
  PhaseTotalsInput: PhaseTotalsInput;
  ProblemCodeCount: ProblemCodeCount;
  ProblemConnection: ProblemConnection;
  ProblemCounts: ProblemCounts;
  ProblemEdge: ProblemEdge;
  ProblemInput: ProblemInput;
  ProgressSnapshot: ProgressSnapshot;
  ProgressUpdate: ProgressUpdate;
  Query: Record<PropertyKey, never>;
  RecordedEvent: RecordedEvent;
  RecordedEventConnection: RecordedEventConnection;
  RecordedEventEdge: RecordedEventEdge;
  ReportHeartbeatInput: ReportHeartbeatInput;
  ReportPayload: ReportPayload;
  ReportPhaseCompletedInput: ReportPhaseCompletedInput;
  ReportPhaseStartedInput: ReportPhaseStartedInput;
  ReportProblemsInput: ReportProblemsInput;
  ReportProgressInput: ReportProgressInput;
  ReportWaitingInput: ReportWaitingInput;
  ResultLink: ResultLink;
  ResultLinkInput: ResultLinkInput;
  ResumeIngestionInput: ResumeIngestionInput;
  RetryOptions: RetryOptions;
  RetryOptionsInput: RetryOptionsInput;
  SafeInt: Scalars['SafeInt']['output'];
  StartIngestionInput: StartIngestionInput;
  StartIngestionPayload: StartIngestionPayload;
  String: Scalars['String']['output'];
  Subscription: Record<PropertyKey, never>;
  Timestamp: Scalars['Timestamp']['output'];
  TokenLifetime: TokenLifetime;
  Viewer: Viewer;
  Waiting: Waiting;
};

export type CounterResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['Counter'] = ResolversParentTypes['Counter']> = {
  label?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  unit?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  value?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type IngestionCancelledResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionCancelled'] = ResolversParentTypes['IngestionCancelled']> = {
  ingestionId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  progress?: Resolver<ResolversTypes['IngestionProgress'], ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  requestedBy?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  timestamp?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type IngestionCommandResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionCommand'] = ResolversParentTypes['IngestionCommand']> = {
  fromPhase?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  ingestionId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['CommandKind'], ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  reason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  requestedAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  requestedBy?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['CommandStatus'], ParentType, ContextType>;
};

export type IngestionCompleteResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionComplete'] = ResolversParentTypes['IngestionComplete']> = {
  ingestionId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  progress?: Resolver<ResolversTypes['IngestionProgress'], ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  result?: Resolver<ResolversTypes['IngestionResult'], ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  timestamp?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type IngestionConnectionResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionConnection'] = ResolversParentTypes['IngestionConnection']> = {
  edges?: Resolver<Array<ResolversTypes['IngestionEdge']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type IngestionEdgeResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionEdge'] = ResolversParentTypes['IngestionEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['IngestionProgress'], ParentType, ContextType>;
};

export type IngestionEventResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionEvent'] = ResolversParentTypes['IngestionEvent']> = {
  __resolveType: TypeResolveFn<'IngestionCancelled' | 'IngestionComplete' | 'IngestionFailed' | 'PhaseStarted' | 'ProgressSnapshot' | 'ProgressUpdate', ParentType, ContextType>;
};

export type IngestionFailedResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionFailed'] = ResolversParentTypes['IngestionFailed']> = {
  errorCode?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  ingestionId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  phase?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  progress?: Resolver<ResolversTypes['IngestionProgress'], ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  recoverable?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  retryOptions?: Resolver<Maybe<ResolversTypes['RetryOptions']>, ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  timestamp?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type IngestionFailureResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionFailure'] = ResolversParentTypes['IngestionFailure']> = {
  errorCode?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  occurredAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  phase?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  recoverable?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  retryOptions?: Resolver<Maybe<ResolversTypes['RetryOptions']>, ParentType, ContextType>;
};

export type IngestionListChangeResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionListChange'] = ResolversParentTypes['IngestionListChange']> = {
  changed?: Resolver<Array<ResolversTypes['IngestionRow']>, ParentType, ContextType>;
  counts?: Resolver<ResolversTypes['IngestionListCounts'], ParentType, ContextType>;
  entered?: Resolver<Array<ResolversTypes['IngestionRow']>, ParentType, ContextType>;
  left?: Resolver<Array<ResolversTypes['IngestionRowKey']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  timestamp?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type IngestionListCountsResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionListCounts'] = ResolversParentTypes['IngestionListCounts']> = {
  active?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  ended?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  failed?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  hasMore?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type IngestionListMessageResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionListMessage'] = ResolversParentTypes['IngestionListMessage']> = {
  __resolveType: TypeResolveFn<'IngestionListChange' | 'IngestionListSnapshot', ParentType, ContextType>;
};

export type IngestionListSnapshotResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionListSnapshot'] = ResolversParentTypes['IngestionListSnapshot']> = {
  counts?: Resolver<ResolversTypes['IngestionListCounts'], ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  rows?: Resolver<Array<ResolversTypes['IngestionRow']>, ParentType, ContextType>;
  timestamp?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type IngestionProblemResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionProblem'] = ResolversParentTypes['IngestionProblem']> = {
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  code?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  item?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  message?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  phase?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  reportedAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  severity?: Resolver<ResolversTypes['ProblemSeverity'], ParentType, ContextType>;
  url?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type IngestionProgressResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionProgress'] = ResolversParentTypes['IngestionProgress']> = {
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  cancelRequestedAt?: Resolver<Maybe<ResolversTypes['Timestamp']>, ParentType, ContextType>;
  cancellable?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  completedAt?: Resolver<Maybe<ResolversTypes['Timestamp']>, ParentType, ContextType>;
  currentPhase?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['IngestionFailure']>, ParentType, ContextType>;
  etaHighSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  etaLowSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  etaSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  fromPhase?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  labels?: Resolver<Array<ResolversTypes['Label']>, ParentType, ContextType>;
  maxAttempts?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  metrics?: Resolver<Maybe<ResolversTypes['PhaseMetrics']>, ParentType, ContextType>;
  pause?: Resolver<Maybe<ResolversTypes['Pause']>, ParentType, ContextType>;
  phases?: Resolver<Array<ResolversTypes['Phase']>, ParentType, ContextType>;
  problems?: Resolver<ResolversTypes['ProblemCounts'], ParentType, ContextType>;
  progressPercent?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  progressedAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  result?: Resolver<Maybe<ResolversTypes['IngestionResult']>, ParentType, ContextType>;
  retryOf?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  staleAfterMs?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  startedAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['IngestionStatus'], ParentType, ContextType>;
  title?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  updatedAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  waiting?: Resolver<Maybe<ResolversTypes['Waiting']>, ParentType, ContextType>;
};

export type IngestionResultResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionResult'] = ResolversParentTypes['IngestionResult']> = {
  bytesProcessed?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  durationMs?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  itemsFailed?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  itemsProcessed?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  links?: Resolver<Array<ResolversTypes['ResultLink']>, ParentType, ContextType>;
  outcome?: Resolver<ResolversTypes['IngestionOutcome'], ParentType, ContextType>;
  output?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  summary?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type IngestionRowResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionRow'] = ResolversParentTypes['IngestionRow']> = {
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  completedAt?: Resolver<Maybe<ResolversTypes['Timestamp']>, ParentType, ContextType>;
  currentPhase?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  errorCode?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  etaHighSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  etaLowSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  etaSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  labels?: Resolver<Array<ResolversTypes['Label']>, ParentType, ContextType>;
  outcome?: Resolver<Maybe<ResolversTypes['IngestionOutcome']>, ParentType, ContextType>;
  paused?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  phaseCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  phaseName?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  progressPercent?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  recoverable?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  startedAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['IngestionStatus'], ParentType, ContextType>;
  title?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  updatedAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
};

export type IngestionRowKeyResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['IngestionRowKey'] = ResolversParentTypes['IngestionRowKey']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type LabelResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['Label'] = ResolversParentTypes['Label']> = {
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  value?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type MutationResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  acknowledgeCommand?: Resolver<ResolversTypes['IngestionCommand'], ParentType, ContextType, RequireFields<MutationAcknowledgeCommandArgs, 'input'>>;
  cancelIngestion?: Resolver<ResolversTypes['IngestionCommand'], ParentType, ContextType, RequireFields<MutationCancelIngestionArgs, 'ingestionId' | 'projectId'>>;
  completeIngestion?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationCompleteIngestionArgs, 'input'>>;
  confirmCancelled?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationConfirmCancelledArgs, 'input'>>;
  failIngestion?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationFailIngestionArgs, 'input'>>;
  flushReports?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationFlushReportsArgs, 'input'>>;
  pauseIngestion?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationPauseIngestionArgs, 'input'>>;
  refreshToken?: Resolver<ResolversTypes['TokenLifetime'], ParentType, ContextType, RequireFields<MutationRefreshTokenArgs, 'token'>>;
  reportHeartbeat?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationReportHeartbeatArgs, 'input'>>;
  reportPhaseCompleted?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationReportPhaseCompletedArgs, 'input'>>;
  reportPhaseStarted?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationReportPhaseStartedArgs, 'input'>>;
  reportProblems?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationReportProblemsArgs, 'input'>>;
  reportProgress?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationReportProgressArgs, 'input'>>;
  reportWaiting?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationReportWaitingArgs, 'input'>>;
  resumeIngestion?: Resolver<ResolversTypes['ReportPayload'], ParentType, ContextType, RequireFields<MutationResumeIngestionArgs, 'input'>>;
  retryIngestion?: Resolver<ResolversTypes['IngestionCommand'], ParentType, ContextType, RequireFields<MutationRetryIngestionArgs, 'ingestionId' | 'projectId'>>;
  startIngestion?: Resolver<ResolversTypes['StartIngestionPayload'], ParentType, ContextType, RequireFields<MutationStartIngestionArgs, 'input'>>;
};

export type PageInfoResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type PauseResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['Pause'] = ResolversParentTypes['Pause']> = {
  reason?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  since?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  until?: Resolver<Maybe<ResolversTypes['Timestamp']>, ParentType, ContextType>;
};

export type PhaseResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['Phase'] = ResolversParentTypes['Phase']> = {
  completedAt?: Resolver<Maybe<ResolversTypes['Timestamp']>, ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['IngestionFailure']>, ParentType, ContextType>;
  message?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  metrics?: Resolver<Maybe<ResolversTypes['PhaseMetrics']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  number?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  percent?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  startedAt?: Resolver<Maybe<ResolversTypes['Timestamp']>, ParentType, ContextType>;
  status?: Resolver<ResolversTypes['PhaseStatus'], ParentType, ContextType>;
  weight?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type PhaseMetricsResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['PhaseMetrics'] = ResolversParentTypes['PhaseMetrics']> = {
  bytesProcessed?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  bytesTotal?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  counters?: Resolver<Array<ResolversTypes['Counter']>, ParentType, ContextType>;
  etaHighSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  etaLowSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  etaSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  itemsFailed?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  itemsPerSecond?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  itemsProcessed?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  itemsTotal?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  itemsTotalIsFinal?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type PhaseStartedResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['PhaseStarted'] = ResolversParentTypes['PhaseStarted']> = {
  ingestionId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  phase?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  phaseName?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  progress?: Resolver<ResolversTypes['IngestionProgress'], ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  timestamp?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ProblemCodeCountResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['ProblemCodeCount'] = ResolversParentTypes['ProblemCodeCount']> = {
  code?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  count?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  severity?: Resolver<ResolversTypes['ProblemSeverity'], ParentType, ContextType>;
};

export type ProblemConnectionResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['ProblemConnection'] = ResolversParentTypes['ProblemConnection']> = {
  edges?: Resolver<Array<ResolversTypes['ProblemEdge']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type ProblemCountsResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['ProblemCounts'] = ResolversParentTypes['ProblemCounts']> = {
  byCode?: Resolver<Array<ResolversTypes['ProblemCodeCount']>, ParentType, ContextType>;
  errors?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  warnings?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
};

export type ProblemEdgeResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['ProblemEdge'] = ResolversParentTypes['ProblemEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['IngestionProblem'], ParentType, ContextType>;
};

export type ProgressSnapshotResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['ProgressSnapshot'] = ResolversParentTypes['ProgressSnapshot']> = {
  ingestionId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  progress?: Resolver<Maybe<ResolversTypes['IngestionProgress']>, ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  timestamp?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ProgressUpdateResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['ProgressUpdate'] = ResolversParentTypes['ProgressUpdate']> = {
  ingestionId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  metrics?: Resolver<ResolversTypes['PhaseMetrics'], ParentType, ContextType>;
  phase?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  progress?: Resolver<ResolversTypes['IngestionProgress'], ParentType, ContextType>;
  progressPercent?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  projectId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  timestamp?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type QueryResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  ingestionEvents?: Resolver<ResolversTypes['RecordedEventConnection'], ParentType, ContextType, RequireFields<QueryIngestionEventsArgs, 'first' | 'ingestionId' | 'projectId'>>;
  ingestionProblems?: Resolver<ResolversTypes['ProblemConnection'], ParentType, ContextType, RequireFields<QueryIngestionProblemsArgs, 'first' | 'ingestionId' | 'projectId'>>;
  ingestions?: Resolver<ResolversTypes['IngestionConnection'], ParentType, ContextType, RequireFields<QueryIngestionsArgs, 'first'>>;
  progress?: Resolver<Maybe<ResolversTypes['IngestionProgress']>, ParentType, ContextType, RequireFields<QueryProgressArgs, 'projectId'>>;
  serverTime?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  viewer?: Resolver<ResolversTypes['Viewer'], ParentType, ContextType>;
};

export type RecordedEventResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['RecordedEvent'] = ResolversParentTypes['RecordedEvent']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  payload?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['SafeInt'], ParentType, ContextType>;
  timestamp?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  type?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type RecordedEventConnectionResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['RecordedEventConnection'] = ResolversParentTypes['RecordedEventConnection']> = {
  edges?: Resolver<Array<ResolversTypes['RecordedEventEdge']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type RecordedEventEdgeResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['RecordedEventEdge'] = ResolversParentTypes['RecordedEventEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['RecordedEvent'], ParentType, ContextType>;
};

export type ReportPayloadResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['ReportPayload'] = ResolversParentTypes['ReportPayload']> = {
  accepted?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  adjustments?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  progress?: Resolver<ResolversTypes['IngestionProgress'], ParentType, ContextType>;
  storedRevision?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
};

export type ResultLinkResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['ResultLink'] = ResolversParentTypes['ResultLink']> = {
  label?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  url?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type RetryOptionsResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['RetryOptions'] = ResolversParentTypes['RetryOptions']> = {
  attempt?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  canRetry?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  fromPhase?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  maxAttempts?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  retryAfterMs?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
};

export interface SafeIntScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['SafeInt'], any> {
  name: 'SafeInt';
}

export type StartIngestionPayloadResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['StartIngestionPayload'] = ResolversParentTypes['StartIngestionPayload']> = {
  lastSequence?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  pollUrl?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  progress?: Resolver<ResolversTypes['IngestionProgress'], ParentType, ContextType>;
  subscriptionUrl?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  ingestionCommands?: SubscriptionResolver<ResolversTypes['IngestionCommand'], "ingestionCommands", ParentType, ContextType, RequireFields<SubscriptionIngestionCommandsArgs, 'projectId'>>;
  ingestionProgress?: SubscriptionResolver<ResolversTypes['IngestionEvent'], "ingestionProgress", ParentType, ContextType, RequireFields<SubscriptionIngestionProgressArgs, 'follow' | 'projectId'>>;
  ingestions?: SubscriptionResolver<ResolversTypes['IngestionListMessage'], "ingestions", ParentType, ContextType, RequireFields<SubscriptionIngestionsArgs, 'first'>>;
};

export interface TimestampScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Timestamp'], any> {
  name: 'Timestamp';
}

export type TokenLifetimeResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['TokenLifetime'] = ResolversParentTypes['TokenLifetime']> = {
  expiresAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  scopes?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  serverTime?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
};

export type ViewerResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['Viewer'] = ResolversParentTypes['Viewer']> = {
  expiresAt?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  scopes?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  serverTime?: Resolver<ResolversTypes['Timestamp'], ParentType, ContextType>;
  subject?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export type WaitingResolvers<ContextType = unknown, ParentType extends ResolversParentTypes['Waiting'] = ResolversParentTypes['Waiting']> = {
  queuePosition?: Resolver<Maybe<ResolversTypes['SafeInt']>, ParentType, ContextType>;
  waitingFor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type Resolvers<ContextType = unknown> = {
  Counter?: CounterResolvers<ContextType>;
  IngestionCancelled?: IngestionCancelledResolvers<ContextType>;
  IngestionCommand?: IngestionCommandResolvers<ContextType>;
  IngestionComplete?: IngestionCompleteResolvers<ContextType>;
  IngestionConnection?: IngestionConnectionResolvers<ContextType>;
  IngestionEdge?: IngestionEdgeResolvers<ContextType>;
  IngestionEvent?: IngestionEventResolvers<ContextType>;
  IngestionFailed?: IngestionFailedResolvers<ContextType>;
  IngestionFailure?: IngestionFailureResolvers<ContextType>;
  IngestionListChange?: IngestionListChangeResolvers<ContextType>;
  IngestionListCounts?: IngestionListCountsResolvers<ContextType>;
  IngestionListMessage?: IngestionListMessageResolvers<ContextType>;
  IngestionListSnapshot?: IngestionListSnapshotResolvers<ContextType>;
  IngestionProblem?: IngestionProblemResolvers<ContextType>;
  IngestionProgress?: IngestionProgressResolvers<ContextType>;
  IngestionResult?: IngestionResultResolvers<ContextType>;
  IngestionRow?: IngestionRowResolvers<ContextType>;
  IngestionRowKey?: IngestionRowKeyResolvers<ContextType>;
  JSON?: GraphQLScalarType;
  Label?: LabelResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Pause?: PauseResolvers<ContextType>;
  Phase?: PhaseResolvers<ContextType>;
  PhaseMetrics?: PhaseMetricsResolvers<ContextType>;
  PhaseStarted?: PhaseStartedResolvers<ContextType>;
  ProblemCodeCount?: ProblemCodeCountResolvers<ContextType>;
  ProblemConnection?: ProblemConnectionResolvers<ContextType>;
  ProblemCounts?: ProblemCountsResolvers<ContextType>;
  ProblemEdge?: ProblemEdgeResolvers<ContextType>;
  ProgressSnapshot?: ProgressSnapshotResolvers<ContextType>;
  ProgressUpdate?: ProgressUpdateResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  RecordedEvent?: RecordedEventResolvers<ContextType>;
  RecordedEventConnection?: RecordedEventConnectionResolvers<ContextType>;
  RecordedEventEdge?: RecordedEventEdgeResolvers<ContextType>;
  ReportPayload?: ReportPayloadResolvers<ContextType>;
  ResultLink?: ResultLinkResolvers<ContextType>;
  RetryOptions?: RetryOptionsResolvers<ContextType>;
  SafeInt?: GraphQLScalarType;
  StartIngestionPayload?: StartIngestionPayloadResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  Timestamp?: GraphQLScalarType;
  TokenLifetime?: TokenLifetimeResolvers<ContextType>;
  Viewer?: ViewerResolvers<ContextType>;
  Waiting?: WaitingResolvers<ContextType>;
};

