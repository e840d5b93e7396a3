/** Entry `@quarterjack/adapter-http`: targets out; health, control, metrics and worker endpoints in. */

// Targets.
export { httpTarget } from './target/http-target.ts'
export type { HttpTarget } from './target/http-target.ts'
export { HTTP_TARGET_DEFAULTS } from './target/options.ts'
export type {
  HttpAuth,
  HttpHeaders,
  HttpBody,
  HttpQuery,
  HttpResponse,
  HttpResult,
  HttpSigning,
  HttpTargetOptions,
  QueryValue,
} from './target/options.ts'
export type { Value } from './target/value.ts'
export { HttpError } from './target/http-error.ts'
export type { HttpErrorFacts } from './target/http-error.ts'

// Many targets from plain data.
export { httpJobs } from './jobs/http-jobs.ts'
export type { DataSchedule, HttpJob, HttpJobData, HttpJobDefaults, HttpJobsOptions } from './jobs/http-jobs.ts'
export type { DataAuth, DataSecret } from './jobs/data-auth.ts'
export { fromCrontab } from './crontab/from-crontab.ts'
export type { Crontab, CrontabJobOptions, CrontabLine, CrontabOptions } from './crontab/from-crontab.ts'
export type { Variables } from './crontab/template.ts'

// The receiving side of signed calls.
export { verifyWebhook } from './webhook/verify-webhook.ts'
export type { SignedRequest, VerifiedBody, VerifiedWebhook } from './webhook/verify-webhook.ts'

// The handler, and what it is told.
export { createHandler } from './handler/create-handler.ts'
export type { Handler } from './handler/create-handler.ts'
export { HANDLER_DEFAULTS } from './handler/options.ts'
export type { HandlerOptions } from './handler/options.ts'
export { toNodeListener } from './node/to-node-listener.ts'
export type { NodeListener } from './node/to-node-listener.ts'
export { authorizeTokens } from './security/authorize.ts'
export type { Authorize, Permission, Wanted } from './security/authorize.ts'
export type { Secrets } from './security/secrets.ts'
export type { HealthShape, HealthView } from './health/shape.ts'
export type { WorkerCall, WorkerRoute, WorkerRules, WorkersOptions } from './workers/options.ts'

// Metrics.
export { collectMetrics } from './metrics/collect-metrics.ts'
export type { CollectedMetrics, MetricsOptions, MetricsRegistry } from './metrics/collect-metrics.ts'
export { METRICS } from './metrics/names.ts'
export type { MetricDescription } from './metrics/names.ts'
