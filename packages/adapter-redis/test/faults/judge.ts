/** What must hold after every fault: the ledger, the gates and the record of effects agree, and nothing is doubled or lost. */
import type { RunRecord } from '@quarterjack/core/store'
import type { Effect } from './effects.ts'
import type { Site } from './site.ts'
import { allSchedules, countSlots } from './slots.ts'

/** What this fault may leave behind. */
export interface Expected {
  /** Runs whose handlers may have run to their end more than once: their process was hurt before that was recorded. Default none. */
  readonly repeated?: readonly string[] | 'any'
  /** Reasons for which runs may have been skipped. Default: overlap. */
  readonly skipped?: readonly string[]
  /** Runs that a caller was promised. */
  readonly promised?: readonly string[]
  /** What began before may be unknown to the store: it has lost writes. Default: nothing. */
  readonly lostAt?: number
  /** Errors that the server may have answered with, by their first word. */
  readonly serverErrors?: RegExp
  /** Intervals changed on the way: the audit alone judges the slots. */
  readonly hasNewSchedules?: boolean
}

/** What was found, for the figures. */
export interface Findings {
  /** Slots that have exactly one record each. */
  readonly slots: number
  readonly runs: readonly FinishedRun[]
  readonly effects: readonly Effect[]
  /** Executions that ended well, and were not the last of their run to do so: nobody had heard of their end. */
  readonly repeated: readonly Effect[]
}

/** A finished run, as the store keeps it. */
export type FinishedRun = Pick<RunRecord, 'id' | 'job' | 'key' | 'state' | 'reason' | 'slot' | 'fence' | 'attempt' | 'crashes'>

/** Waits until everything has ended, judges, and throws all that is wrong. */
export async function judge(site: Site, expected: Expected = {}): Promise<Findings> {
  // A first look while all of them work: the audit must hold at any moment.
  const { violations } = await site.scheduler.audit()
  await site.settle()
  const audit = await site.scheduler.audit()
  const slots = audit.proven + audit.attested
  const runs = (await site.allRuns()).filter(({ finishedAt }) => finishedAt !== null)
  const effects = await site.effects.all()
  const { gates } = await site.store.runs.gates({})
  const pruned = (await allSchedules(site.store)).filter(({ horizon }) => horizon !== null)
  const errors = await site.serverErrors()
  const wrongs = [
    list('violations found by the audit while all worked', violations),
    list('violations found by the audit', audit.violations),
    list('audits that are not complete', audit.complete ? [] : [audit]),
    // Nothing was pruned, so each slot can be enumerated anew.
    list('slots that are not proven', audit.attested === 0 ? [] : [{ proven: audit.proven, attested: audit.attested }]),
    list('gates that are still held', gates),
    list('schedules that were pruned', pruned),
    list('slots', expected.hasNewSchedules === true ? [] : await doubtSlots(site, slots)),
    ...judgeRuns(runs, effects, expected),
    list(
      'errors of the server',
      errors.filter((line) => expected.serverErrors?.test(line) !== true),
    ),
  ]
  const told = wrongs.filter((one) => one !== null)
  if (told.length > 0) throw new Error(told.join('\n'))
  return { slots, runs, effects, repeated: repeatedOf(effects) }
}

/** The history of runs against the record of effects. */
function judgeRuns(runs: readonly FinishedRun[], effects: readonly Effect[], expected: Expected): readonly (string | null)[] {
  const { repeated = [], skipped = ['overlap'], promised = [], lostAt = 0 } = expected
  const byId = new Map(runs.map((run) => [run.id, run]))
  const isSuccess = (id: string): boolean => byId.get(id)?.state === 'succeeded'
  const returned = effects.filter(({ ending }) => ending === 'returned')
  const accepted = new Set(returned.map(({ runId, fence }) => `${runId}/${fence}`))
  const isExpected = ({ state, reason }: FinishedRun): boolean =>
    state === 'succeeded' || (state === 'skipped' && skipped.includes(reason ?? ''))
  return [
    list(
      'runs that ended otherwise',
      runs.filter((run) => !isExpected(run)),
    ),
    list(
      'promised runs that are lost',
      promised.filter((id) => !isSuccess(id)),
    ),
    list(
      'effects that no run accounts for',
      effects.filter(({ runId, startedAt }) => !isSuccess(runId) && startedAt > lostAt),
    ),
    list(
      'successes without effect',
      runs.filter(({ id, fence }) => isSuccess(id) && !accepted.has(`${id}/${fence}`)),
    ),
    list(
      'runs whose handler ended twice',
      repeatedOf(effects).filter(({ runId }) => repeated !== 'any' && !repeated.includes(runId)),
    ),
    list('runs whose fence fell', fencesThatFall(effects)),
  ]
}

async function doubtSlots(site: Site, audited: number): Promise<readonly string[]> {
  try {
    const counted = await countSlots(site.store)
    return counted === audited ? [] : [`${counted} slots were counted, ${audited} audited`]
  } catch (error) {
    return [String(error)]
  }
}

const MOST_TOLD = 5

function list(what: string, found: readonly unknown[]): string | null {
  if (found.length === 0) return null
  return `${found.length} ${what}: ${found
    .slice(0, MOST_TOLD)
    .map((one) => JSON.stringify(one))
    .join(' ')}`
}

function repeatedOf(effects: readonly Effect[]): readonly Effect[] {
  const returned = effects.filter(({ ending }) => ending === 'returned')
  const last = new Map(returned.map((effect) => [effect.runId, effect]))
  return returned.filter((effect) => last.get(effect.runId) !== effect)
}

/** Effects come in the order of their starts. */
function fencesThatFall(effects: readonly Effect[]): readonly string[] {
  const last = new Map<string, number>()
  return effects.flatMap(({ runId, fence }) => {
    const before = last.get(runId) ?? 0
    last.set(runId, fence)
    return before < fence ? [] : [runId]
  })
}
