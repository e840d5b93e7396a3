/** Every code that a {@link QuarterjackError} can carry. Each has a heading in `docs/errors.md`. */
export const ERROR_CODES = [
  // the runtime
  'NodeTooOld',
  // definitions and options
  'InvalidOption',
  'InvalidName',
  'InvalidCron',
  'InvalidDuration',
  'InvalidInstant',
  'InvalidTimeZone',
  'InvalidSchedule',
  'InvalidQuery',
  'DuplicateJob',
  'RollupNotNested',
  'BackfillOutOfRange',
  'BackfillOverlaps',
  'NotVerifiable',
  'TargetUnknown',
  'RefreshResultInvalid',
  // payloads
  'PayloadInvalid',
  'PayloadNotSerializable',
  'PayloadTooLarge',
  // things that are not there
  'UnknownJob',
  'UnknownRun',
  'UnknownSchedule',
  'UnknownRollup',
  'UnknownBackfill',
  'NotReplayable',
  'JobInUse',
  // a run's end, as its caller or its handler sees it
  'RunFailed',
  'RunCancelled',
  'RunSkipped',
  'AttemptTimedOut',
  'WaitTimedOut',
  'NonRetryable',
  'RetryAfter',
  // ownership
  'LeaseLost',
  'StaleLease',
  'MutexTimedOut',
  // the scheduler's life
  'SchedulerStopped',
  'AlreadyStarted',
  // stores
  'StoreClosed',
  'StoreTimedOut',
  'StoreUnavailable',
  'StoreUnsupported',
  'StoreNotShared',
  'SchemaMissing',
  'SchemaNewer',
  'TransactionsUnsupported',
  // calls of endpoints
  'HttpRequestInvalid',
  'HttpStatus',
  'HttpDnsFailed',
  'HttpRefused',
  'HttpReset',
  'HttpTlsFailed',
  'HttpTimedOut',
  'HttpNetworkFailed',
  'HttpRedirected',
  'HttpResponseTooLarge',
  'HttpResponseInvalid',
  'WebhookInvalid',
] as const

/** The closed union of error codes. */
export type ErrorCode = (typeof ERROR_CODES)[number]
