/** Short forms of pruning, and of the history that it works on. */
import type { KeepRule } from '../../store/runs.ts'
import { addOwner, claimOne, enqueue, finish, SUCCESS, type Ending } from './run-steps.ts'
import { define } from './schedule-steps.ts'
import type { Trial } from './trial.ts'

export const DAY = 86_400_000

/** A rule for job `mail` that keeps everything but what `over` says. */
export function rule(over: Partial<KeepRule> = {}): KeepRule {
  return { job: 'mail', succeeded: 100, dead: 100, forMs: 365 * DAY, ...over }
}

/** What pruning answers. */
interface Pruned {
  readonly pruned: number
  readonly more: boolean
}

/** Prunes once. */
export async function prune(t: Trial, rules: readonly KeepRule[], limit = 1_000): Promise<Pruned> {
  return t.store.runs.prune({ rules, limit, ...t.at() })
}

/** Prunes once, sparing what finished within a grace (nominal). */
export async function pruneSparing(t: Trial, one: KeepRule, graceMs: number, limit = 1_000): Promise<Pruned> {
  return t.store.runs.prune({ rules: [one], limit, graceMs: t.ms(graceMs), ...t.at() })
}

/** Job `mail`, and owner `a` that knows it. */
export async function mailJob(t: Trial): Promise<void> {
  await define(t, 'mail')
  await addOwner(t, 'a', ['mail', 'report'])
}

/** A run that ended with `then`. */
export async function endedRun(t: Trial, job: string, then: Ending = SUCCESS, key = ''): Promise<string> {
  const id = await enqueue(t, job, { key })
  await finish(t, await claimOne(t, 'a'), then)
  await t.pass(1)
  return id
}
