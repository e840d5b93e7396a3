/** What a ready-made handler and the job that runs it tell each other. */
import type { Duration } from '../time/duration.ts'
import type { JobPolicy, RunContext } from './job.ts'

/** Defaults of jobs whose `run` is a ready-made handler; what the job itself says comes first. */
export interface RunDefaults {
  readonly timeout?: Duration
  readonly retries?: number
}

// Of the registry: the handler may come with another copy of the package.
const DEFAULTS: unique symbol = Symbol.for('quarterjack.run-defaults')
const POLICY: unique symbol = Symbol.for('quarterjack.run-policy')

/** The handler, with defaults for the jobs that have it as their `run`. They are lost to a handler that only calls it. */
export function withRunDefaults<Run extends (ctx: never) => unknown>(run: Run, defaults: RunDefaults): Run {
  return Object.defineProperty(run, DEFAULTS, { value: Object.freeze({ ...defaults }) })
}

/** The defaults that a handler brings along; none for most. */
export function runDefaultsOf(run: unknown): RunDefaults {
  return (run as { readonly [DEFAULTS]?: RunDefaults } | undefined)?.[DEFAULTS] ?? {}
}

/** The engine's side of {@link policyOf}. */
export function tellPolicy(ctx: RunContext, policy: JobPolicy): void {
  const told: RunContext & { [POLICY]?: JobPolicy } = ctx
  told[POLICY] = policy
}

/** The policies of the job that a context, or a copy of it, belongs to; null when no engine made it. */
export function policyOf(ctx: RunContext<unknown>): JobPolicy | null {
  return (ctx as { readonly [POLICY]?: JobPolicy })[POLICY] ?? null
}
