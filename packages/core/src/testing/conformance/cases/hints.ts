/** Cases: hints that wake sleepers. They may be late or doubled; a store that declares them sends them. */
import assert from 'node:assert/strict'
import type { StoreHint } from '../../../store/store.ts'
import type { CaseGroup, ConformanceCase } from '../conformance-case.ts'
import { queueUp, grant, release } from '../lease-steps.ts'
import { addOwner, cancel, claimOne, enqueue, finish } from '../run-steps.ts'
import { addSchedule, define } from '../schedule-steps.ts'
import { eventually, type Trial } from '../trial.ts'

function hinted(name: string, run: ConformanceCase['run']): ConformanceCase {
  return { name, clocks: 'both', needs: ['hints'], run }
}

/** Does `work` and waits for a hint that `matches`. */
async function expectHint(t: Trial, what: string, work: () => Promise<unknown>, matches: (hint: StoreHint) => boolean): Promise<void> {
  const hints: StoreHint[] = []
  const unwatch = t.store.watch((hint) => hints.push(hint))
  try {
    await work()
    await eventually(`a hint of ${what}`, () => hints.some(matches))
  } finally {
    unwatch()
  }
}

const isWork = (hint: StoreHint): boolean => hint.kind === 'work'

export const hintCases: CaseGroup = {
  name: 'hints',
  cases: [
    hinted('a new run is hinted as work', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await expectHint(t, 'work', () => enqueue(t, 'mail'), isWork)
    }),
    hinted('a schedule that is due earlier is hinted as work', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await expectHint(t, 'work', () => addSchedule(t, 'mail', 'k'), isWork)
    }),
    hinted('a run that a gate lets go is hinted as work', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: ['mutex:m'] })
      const held = await claimOne(t, 'a')
      await enqueue(t, 'mail', { gates: ['mutex:m'] })
      assert.deepEqual(
        (await t.store.runs.claim({ owner: 'a', leaseMs: t.ms(600_000), limit: 1, start: 1, seenFence: 0, ...t.at() })).runs,
        [],
      )
      await expectHint(t, 'work', () => finish(t, held), isWork)
    }),
    hinted("a cancel request is hinted to the run's owner", async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail')
      await claimOne(t, 'a')
      await expectHint(
        t,
        'cancel',
        () => cancel(t, id),
        (hint) => hint.kind === 'cancel' && hint.owner === 'a',
      )
    }),
    hinted('the end of a run is hinted', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail')
      const run = await claimOne(t, 'a')
      await expectHint(
        t,
        'settled',
        () => finish(t, run),
        (hint) => hint.kind === 'settled' && hint.runId === id,
      )
    }),
    hinted('a released lease is hinted to waiters', async (t) => {
      const lease = await grant(t, 'm', 'a')
      await queueUp(t, 'm', 'b')
      await expectHint(
        t,
        'lease',
        () => release(t, lease),
        (hint) => hint.kind === 'lease' && hint.name === 'm',
      )
    }),
    hinted('a listener that was taken off hears nothing more, others go on', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      let heard = 0
      const unwatch = t.store.watch(() => heard++)
      unwatch()
      unwatch()
      await expectHint(t, 'work', () => enqueue(t, 'mail'), isWork)
      assert.equal(heard, 0)
    }),
  ],
}
