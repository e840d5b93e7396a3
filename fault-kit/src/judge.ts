/** What must hold after every fault: the ledger, the gates and the record of effects agree, and nothing is doubled or lost. */
import type { Effect } from './effects.ts'
import { judgeRuns, repeatedOf, type ExpectedRuns } from './judge-runs.ts'
import type { Site } from './site.ts'
import type { FinishedRun, StoreLook } from './store-look.ts'
import { tellWrongs } from './tell-wrongs.ts'
import { countSlots } from './walk-slots.ts'

/** What this fault may leave behind. */
export interface Expected extends ExpectedRuns {
  /** Errors that the server may have logged, or answered with. */
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

/** Waits until everything has ended, judges, and throws all that is wrong. */
export async function judge(site: Site, expected: Expected = {}): Promise<Findings> {
  // A first look while all of them work: the audit must hold at any moment.
  const { violations } = await site.scheduler.audit()
  await site.settle()
  const audit = await site.scheduler.audit()
  const slots = audit.proven + audit.attested
  const runs = await site.look.finishedRuns()
  const effects = await site.effects.all()
  const { gates } = await site.store.runs.gates({})
  const pruned = (await site.look.schedules()).filter(({ horizon }) => horizon !== null)
  const errors = await site.serverErrors()
  const wrongs = [
    tellWrongs('violations found by the audit while all worked', violations),
    tellWrongs('violations found by the audit', audit.violations),
    tellWrongs('audits that are not complete', audit.complete ? [] : [audit]),
    // Nothing was pruned, so each slot can be enumerated anew.
    tellWrongs('slots that are not proven', audit.attested === 0 ? [] : [{ proven: audit.proven, attested: audit.attested }]),
    tellWrongs('gates that are still held', gates),
    tellWrongs('schedules that were pruned', pruned),
    tellWrongs('slots', expected.hasNewSchedules === true ? [] : await doubtSlots(site.look, slots)),
    ...judgeRuns(runs, effects, expected),
    tellWrongs(
      'errors of the server',
      errors.filter((line) => expected.serverErrors?.test(line) !== true),
    ),
  ]
  const told = wrongs.filter((one) => one !== null)
  if (told.length > 0) throw new Error(told.join('\n'))
  return { slots, runs, effects, repeated: repeatedOf(effects) }
}

async function doubtSlots(look: StoreLook, audited: number): Promise<readonly string[]> {
  try {
    const counted = await countSlots(look)
    return counted === audited ? [] : [`${counted} slots were counted, ${audited} audited`]
  } catch (error) {
    return [String(error)]
  }
}
