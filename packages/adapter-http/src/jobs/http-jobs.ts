/** `httpJobs`: many endpoints as jobs, from plain data. */
import { at, cron, defineJob, every, type Duration, type Job, type RunContext, type Schedule } from '@quarterjack/core'
import { checkedOptions, QuarterjackError } from '@quarterjack/core/store'
import { SECRET_OPTIONS } from '../target/check-target.ts'
import { httpTarget } from '../target/http-target.ts'
import { ANYTHING } from './anything.ts'
import { type DataAuth, dataAuth } from './data-auth.ts'
import { httpJobsSchema } from './check-jobs.ts'
import type { HttpHeaders, HttpQuery } from '../target/options.ts'

/** When an endpoint is called: a cron expression, or one of the three schedules as data. */
export type DataSchedule =
  | string
  | { readonly cron: string; readonly timeZone?: string | undefined }
  | { readonly every: Duration }
  | { readonly at: string | number | Date }

/** What one endpoint may say, and what all of them share. */
export interface HttpJobDefaults {
  readonly method?: string | undefined
  readonly headers?: HttpHeaders | undefined
  readonly auth?: DataAuth | undefined
  readonly query?: HttpQuery | undefined
  readonly timeout?: Duration | undefined
  readonly retries?: number | undefined
  /** Of cron expressions. Default `UTC`. */
  readonly timeZone?: string | undefined
  readonly redirect?: 'refuse' | 'same-origin' | 'follow' | undefined
}

/** One endpoint. */
export interface HttpJobData extends HttpJobDefaults {
  /** One or several; without one the job waits for triggers. */
  readonly schedule?: DataSchedule | readonly DataSchedule[] | undefined
  /** Added to `baseUrl`; may have a query. */
  readonly path?: string | undefined
  /** An absolute address instead of `path`. It gets no `auth` and no `headers` but its own. */
  readonly url?: string | undefined
  /** Sent when a trigger brings no payload: text as it is, all else as JSON. */
  readonly body?: unknown
  readonly overlap?: 'skip' | 'queue' | 'replace' | 'allow' | undefined
  readonly concurrency?: number | undefined
  readonly mutex?: string | undefined
  readonly catchUp?: 'latest' | 'none' | undefined
  readonly runOnStart?: boolean | undefined
  readonly success?: readonly number[] | undefined
  readonly skip?: false | readonly number[] | undefined
}

/** What {@link httpJobs} takes. Plain data, which may come from a file. */
export interface HttpJobsOptions extends HttpJobDefaults {
  /** What each `path` is resolved against. */
  readonly baseUrl?: string | undefined
  /** By the name of the job. */
  readonly jobs: Readonly<Record<string, HttpJobData>>
}

/** A job that calls an endpoint: takes any payload as JSON, or none, and answers with what the endpoint answered. */
export type HttpJob = Job<unknown, unknown>

/**
 * A job per endpoint, in the order given. Secrets are named, not written: `auth: { bearer: { env: 'CRON_SECRET' } }` reads
 * the environment at each call. What stands beside `jobs` is the default of each. Throws `InvalidOption` with every problem.
 *
 * @example
 * const jobs = httpJobs({
 *   baseUrl: 'https://api.example.com/api/v1/workers/',
 *   auth: { bearer: { env: 'CRON_SECRET' } },
 *   jobs: {
 *     'reset-credits': { schedule: '0 0 * * *', path: 'reset-credits' },
 *     'sync-newsletter': { schedule: { every: '6h' }, path: 'sync-newsletter', timeout: '5m' },
 *   },
 * })
 */
export function httpJobs(options: HttpJobsOptions): readonly HttpJob[] {
  checkedOptions(httpJobsSchema, options, { what: 'httpJobs', secret: SECRET_OPTIONS })
  return Object.entries(options.jobs).map(([name, data]) => {
    try {
      return toJob(name, data, options)
    } catch (error) {
      if (!QuarterjackError.isInstance(error)) throw error
      throw new QuarterjackError(error.code, `httpJobs: jobs.${name}: ${error.message}`, { cause: error })
    }
  })
}

function toJob(name: string, data: HttpJobData, all: HttpJobsOptions): HttpJob {
  // What is absolute may be another's, to whom the shared credentials do not belong.
  const shared: HttpJobDefaults = data.url === undefined ? all : {}
  const { timeout = all.timeout, retries = all.retries, body } = data
  const { method = all.method, redirect = all.redirect, timeZone = all.timeZone, auth = shared.auth } = data
  const target = httpTarget({
    url: data.url ?? joined(all.baseUrl, data.path),
    method,
    query: { ...shared.query, ...data.query },
    headers: { ...shared.headers, ...data.headers },
    auth: auth === undefined ? undefined : dataAuth(auth),
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: ({ payload }: RunContext) => payload ?? body ?? null }),
    timeout,
    redirect,
    success: data.success,
    skip: data.skip,
  })
  const schedules = data.schedule === undefined ? [] : Array.isArray(data.schedule) ? data.schedule : [data.schedule]
  return defineJob({
    name,
    payload: ANYTHING,
    ...(schedules.length === 0 ? {} : { schedule: schedules.map((one: DataSchedule) => toSchedule(one, timeZone)) }),
    ...(retries === undefined ? {} : { retry: { retries } }),
    overlap: data.overlap,
    concurrency: data.concurrency,
    mutex: data.mutex,
    catchUp: data.catchUp,
    runOnStart: data.runOnStart,
    run: target,
  })
}

/** `baseUrl` is a prefix: `https://host/api` and `/jobs` make `https://host/api/jobs`. */
function joined(baseUrl: string | undefined, path = ''): string {
  if (baseUrl === undefined || path === '') return baseUrl ?? path
  return `${baseUrl.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`
}

function toSchedule(data: DataSchedule, sharedZone: string | undefined): Schedule<undefined> {
  if (typeof data === 'string') return cron(data, sharedZone === undefined ? {} : { timeZone: sharedZone })
  if ('every' in data) return every(data.every)
  if ('at' in data) return at(data.at)
  const timeZone = data.timeZone ?? sharedZone
  return cron(data.cron, timeZone === undefined ? {} : { timeZone })
}
