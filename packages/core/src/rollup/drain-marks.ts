/** One bounded pass over the log of marks: collect, plan, drain. */
import type { Drain } from '../store/windows.ts'
import { planDrain, type UnreadableRollup } from './plan-drain.ts'
import type { RollupDeps } from './refresh-work.ts'

/** Most marks of one pass. */
const MOST_MARKS = 2_000

export interface DrainRequest {
  /** Only these. Default: every source that a rollup reads. */
  readonly sources?: readonly string[] | undefined
  /** Most marks. Default 2,000. */
  readonly limit?: number | undefined
}

export interface DrainPass {
  /** Marks that were digested, and are gone. */
  readonly digested: number
  /** Marks wait that can be drained at once, or the source changed meanwhile: call again. */
  readonly more: boolean
  /** Marks that stay in the log since a refresh holds one of their windows just now: call again in a moment. */
  readonly left: number
  /** When the next parked mark comes up; null: none is parked. */
  readonly nextMarkAt: number | null
  /** Their sources were not drained: a newer version must. */
  readonly unreadable: readonly UnreadableRollup[]
  /** The store's, when marks were read: where neither `more` nor `left` is said, and nothing is unreadable, every mark visible then is digested. */
  readonly storeNow: number
}

/** Drains marks into windows, and asks for the runs that refresh them. Safe to run anywhere and twice at a time. */
export async function drainMarks({ call, nextId }: Pick<RollupDeps, 'call' | 'nextId'>, request: DrainRequest = {}): Promise<DrainPass> {
  const { sources, limit = MOST_MARKS } = request
  const found = await call('windows.collect', (windows) => windows.collect({ limit, ...(sources === undefined ? {} : { sources }) }))
  const plans = found.sources.map((source) => planDrain(source, { now: found.storeNow, nextId }))
  const pass = {
    nextMarkAt: found.nextMarkAt,
    unreadable: plans.flatMap(({ unreadable }) => unreadable),
    storeNow: found.storeNow,
  }
  const asked = plans.filter((plan): plan is typeof plan & { readonly drain: Drain } => plan.drain !== null)
  if (asked.length === 0) return { digested: 0, more: false, left: 0, ...pass }
  const { replies } = await call('windows.drain', (windows) => windows.drain({ drains: asked.map(({ drain }) => drain) }))
  let [digested, left, more] = [0, 0, false]
  asked.forEach((plan, index) => {
    const reply = replies[index]
    if (reply?.status !== 'drained') {
      more = true
      return
    }
    digested += plan.digested - reply.left.length
    left += reply.left.length
    more ||= plan.more
  })
  const parked = asked.flatMap(({ drain }) => drain.parked.map(({ until }) => until))
  const nextMarkAt = parked.length === 0 ? found.nextMarkAt : Math.min(found.nextMarkAt ?? Number.POSITIVE_INFINITY, ...parked)
  return { digested, more, left, ...pass, nextMarkAt }
}
