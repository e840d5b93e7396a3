/** Cases: the ledger of a schedule, page by page, and the counting of skip ranges. */
import assert from 'node:assert/strict'
import type { SkipRange } from '../../../store/records.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertLedgerSound, only, present } from '../expectations.ts'
import { addSchedule, define, fire, firedRun, firing, getSchedule, ledgerOf } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

const K = { job: 'mail', name: 'k' }

/** One firing of `count` steps: every third step is skipped, the others run. */
async function fireMixture(t: Trial, count: number): Promise<{ readonly runs: readonly number[]; readonly skips: readonly number[] }> {
  const asOf = (await t.now()) - t.ms(600_000)
  const record = await addSchedule(t, 'mail', 'k', { asOf, nextSlot: asOf + 1 })
  const slots = Array.from({ length: count }, (_, index) => record.cursor + index + 1)
  const skipped = slots.filter((_, index) => index % 3 === 1)
  const run = slots.filter((_, index) => index % 3 !== 1)
  const skips: SkipRange[] = skipped.map((slot) => ({ reason: 'misfire', from: slot, to: slot, count: 1 }))
  const plan = firing(t, record, {
    through: present(slots.at(-1), 'slot'),
    runs: run.map((slot) => firedRun(record, slot)),
    skips,
  })
  assert.equal(only(await fire(t, [plan]), 'reply').status, 'fired')
  return { runs: run, skips: skipped }
}

async function dailySkip(t: Trial, count: number | null): Promise<string> {
  const record = await addSchedule(t, 'mail', 'k')
  const slot = present(record.nextSlot, 'next slot')
  await fire(t, [firing(t, record, { runs: [], skips: [{ reason: 'misfire', from: slot, to: slot, count }] })])
  return only((await ledgerOf(t, K)).skips, 'skip ranges').id
}

export const ledgerCases: CaseGroup = {
  name: 'ledger',
  cases: [
    both('a schedule that is not there has an empty ledger', async (t) => {
      await define(t, 'mail')
      assert.deepEqual(await ledgerOf(t, { job: 'mail', name: 'nothing' }), {
        schedule: null,
        runs: [],
        skips: [],
        folded: {},
        more: false,
      })
    }),
    given('pages join up to the whole ledger, each record once', async (t) => {
      await define(t, 'mail')
      const { runs, skips } = await fireMixture(t, 100)
      for (const limit of [1, 7, 50]) {
        const seen: { runs: number[]; skips: number[] } = { runs: [], skips: [] }
        let after: number | null = null
        let more = true
        for (let page = 0; more && page < 250; page++) {
          const got = await t.store.schedules.ledger({ ...K, after, limit })
          assert.ok(
            got.runs.length <= limit && got.skips.length <= limit,
            `a page of ${limit} has ${got.runs.length} runs, ${got.skips.length} ranges`,
          )
          const slots = [...got.runs.map((run) => run.slot), ...got.skips.map((skip) => skip.to)]
          seen.runs.push(...got.runs.map((run) => run.slot))
          seen.skips.push(...got.skips.map((skip) => skip.from))
          more = got.more
          assert.ok(!more || slots.length > 0, 'a page that is not the last holds something')
          after = Math.max(...slots, after ?? 0)
        }
        assert.equal(more, false)
        assert.deepEqual(seen, { runs, skips }, `pages of ${limit}`)
      }
      await assertLedgerSound(t, K)
    }),
    both('runs of the ledger carry state and reason', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      const slot = present(record.nextSlot, 'next slot')
      await fire(t, [firing(t, record)])
      const page = await ledgerOf(t, K)
      assertFields(only(page.runs, 'runs'), { id: firedRun(record, slot).id, slot, state: 'pending', reason: null })
      assert.deepEqual(page.schedule, await getSchedule(t, K))
    }),
    both('an uncounted range is counted once, into slots', async (t) => {
      await define(t, 'mail')
      const id = await dailySkip(t, null)
      assertFields(await getSchedule(t, K), { slots: 0 })
      await t.store.schedules.countSkips({ ...K, counts: [{ id, count: 1_440 }] })
      assertFields(await getSchedule(t, K), { slots: 1_440 })
      assertFields(only((await ledgerOf(t, K)).skips, 'skip ranges'), { id, count: 1_440 })
      await t.store.schedules.countSkips({ ...K, counts: [{ id, count: 99 }] })
      assertFields(await getSchedule(t, K), { slots: 1_440 })
      await assertLedgerSound(t, K)
    }),
    both('a range that has its count is not counted again', async (t) => {
      await define(t, 'mail')
      const id = await dailySkip(t, 1)
      await t.store.schedules.countSkips({
        ...K,
        counts: [{ id, count: 50 }],
      })
      assertFields(await getSchedule(t, K), { slots: 1 })
      assertFields(only((await ledgerOf(t, K)).skips, 'skip ranges'), { count: 1 })
    }),
    both('counting where nothing is harms nothing', async (t) => {
      await define(t, 'mail')
      const id = await dailySkip(t, null)
      for (const ref of [
        { job: 'mail', name: 'nothing' },
        { job: 'nobody', name: 'k' },
      ]) {
        await t.store.schedules.countSkips({ ...ref, counts: [{ id, count: 10 }] })
      }
      assertFields(await getSchedule(t, K), { slots: 0 })
      assertFields(only((await ledgerOf(t, K)).skips, 'skip ranges'), { count: null })
    }),
    both('counting at the same time counts once', async (t) => {
      await define(t, 'mail')
      const id = await dailySkip(t, null)
      await Promise.all(Array.from({ length: 6 }, () => t.store.schedules.countSkips({ ...K, counts: [{ id, count: 10 }] })))
      assertFields(await getSchedule(t, K), { slots: 10 })
    }),
  ],
}
