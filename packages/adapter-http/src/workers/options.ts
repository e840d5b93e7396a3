/** What is told of worker endpoints. */
import type { Duration } from '@quarterjack/core'
import type { Secrets } from '../security/secrets.ts'

/** What a call of a worker endpoint brings. */
export interface WorkerCall {
  /** The parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Names that come more than once have a list of values. */
  readonly query: Readonly<Record<string, string | readonly string[]>>
  /** The body as JSON, whatever its type claims; undefined when there is none. */
  readonly body: unknown
}

/** How calls are answered. */
export interface WorkerRules {
  /**
   * How long a call waits for the end of its run; a run that goes on is answered 202 `accepted`. `0` answers at once.
   * Default `'30s'`.
   */
  readonly wait?: Duration | undefined
  /** `skip` (default): a call while a run of the job (and key) is alive is answered 200 `skipped`. `job`: as the job's own overlap says. */
  readonly overlap?: 'skip' | 'job' | undefined
}

/** A path of the user's own. */
export interface WorkerRoute extends WorkerRules {
  readonly job: string
  /** Default: the members of the body, and the parameters of the path over them; nothing when there are neither. */
  readonly payload?: ((call: WorkerCall) => unknown) | undefined
  /** The run's key, for jobs whose overlap and concurrency go by key: a parameter of the path, or what a function makes. Default `''`. */
  readonly key?: string | ((call: WorkerCall) => string) | undefined
  /** Answer with the result of the run as `result`, to whoever has the secret. Default false. */
  readonly result?: boolean | undefined
}

/** Options of the endpoints for an external cron. */
export interface WorkersOptions extends WorkerRules {
  /** What callers send as `Authorization: Bearer …`; two while one replaces the other. */
  readonly secrets: Secrets
  /** Where `/:job` stands. Default `'/workers'`; `'/'` is possible. */
  readonly path?: string | undefined
  /** Which jobs `/:job` reaches. Default all. */
  readonly jobs?: readonly string[] | undefined
  /**
   * Paths of your own, to a job or its name: `{ 'orchestration/project/:id/analyze-github': 'analyze-github' }`. Those that begin
   * with `/` stand below the base path, the others below `path`.
   */
  readonly routes?: Readonly<Record<string, string | WorkerRoute>> | undefined
  /**
   * For hosts where no process stays: a call does not only enqueue its run but makes a pass (`scheduler.tick`) as well, which
   * executes it. Default false.
   */
  readonly inline?: boolean | undefined
  /** What `/tick` does at most in one call, and how often it is called: slots may be as late. Defaults: 100 runs, `'30s'`, `'1m'`. */
  readonly tick?:
    | { readonly limit?: number | undefined; readonly budget?: Duration | undefined; readonly every?: Duration | undefined }
    | undefined
}

export const WORKER_DEFAULTS = {
  path: '/workers',
  wait: '30s',
  overlap: 'skip',
  tickLimit: 100,
  tickBudget: '30s',
  tickEvery: '1m',
} as const
