/** Entry `@quarterjack/adapter-http`: targets out. */

// Targets.
export { httpTarget } from './target/http-target.ts'
export type { HttpTarget } from './target/http-target.ts'
export { HTTP_TARGET_DEFAULTS } from './target/options.ts'
export type {
  HttpAuth,
  HttpHeaders,
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
export type { Crontab, CrontabLine, CrontabOptions } from './crontab/from-crontab.ts'
export type { Variables } from './crontab/template.ts'

// The receiving side of signed calls.
export { verifyWebhook } from './webhook/verify-webhook.ts'
export type { SignedRequest, VerifiedWebhook } from './webhook/verify-webhook.ts'
