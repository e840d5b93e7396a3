/** How a store that has transactions commits a run's success together with its handler's own writes. */
import type { RunContext } from '../job/job.ts'
import type { Settlement } from './runs.ts'

/** A success that is to be settled in the user's own transaction, as its last statement. */
export interface RunCommit {
  readonly owner: string
  readonly settlement: Settlement
  /** To be called once the transaction has committed: whatever the handler does now, the run has succeeded. */
  committed(): void
}

/** Where a context carries its offer; a map of weak keys costs more than all the rest of a context. */
const OFFER = Symbol('commit')

type Offering = RunContext & { [OFFER]?: (value: unknown) => RunCommit }

/** The engine's side: makes the commit of a run with the value that becomes its result. */
export function offerCommit(ctx: RunContext, make: (value: unknown) => RunCommit): void {
  const offering: Offering = ctx
  offering[OFFER] = make
}

/** The adapter's side; null for a context that no engine made. Throws what aborted the run: then nothing may be committed. */
export function commitOf(ctx: RunContext, value: unknown): RunCommit | null {
  const make = (ctx as Offering | null | undefined)?.[OFFER]
  // A copy of a context lacks its signal.
  if (make === undefined || (ctx.signal as AbortSignal | undefined) === undefined) return null
  ctx.signal.throwIfAborted()
  return make(value)
}
