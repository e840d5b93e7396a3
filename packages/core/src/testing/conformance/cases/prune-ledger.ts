/** Cases: pruning folds the ledger's records into counters, and loses none. */
import assert from 'node:assert/strict'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertLedgerSound, only, present } from '../expectations.ts'
import { cancel, claimOne, enqueue, finish, SUCCESS } from '../run-steps.ts'
import { addSchedule, fire, fireNext, firing, getSchedule, ledgerOf, scheduleWrite, setSchedules, specText } from '../schedule-steps.ts'
import { endedRun, mailJob, prune, rule } from '../prune-steps.ts'

const K = { job: 'mail', name: 'k' }

const sum = (counts: Readonly<Record<string, number | undefined>>): number =>
  Object.values(counts).reduce<number>((total, count) => total + (count ?? 0), 0)

export const pruneLedgerCases: CaseGroup = {
  name: 'prune the ledger',
  cases: [
    both('pruning older slots does not hide that the last one is alive', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'k')
      await fireNext(t, K, { overlap: 'skip' })
      await finish(t, await claimOne(t, 'a'))
      await fireNext(t, K, { overlap: 'skip' })
      await prune(t, [rule({ succeeded: 0 })])
      assert.equal((await fireNext(t, K, { overlap: 'skip' })).state, 'skipped')
    }),
    both("pruned slots are folded by outcome, so that the ledger's sum holds", async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'k')
      const slots: number[] = []
      for (const then of [
        SUCCESS,
        SUCCESS,
        { to: 'dead', reason: 'x' },
        { to: 'cancelled', reason: 'x' },
        { to: 'skipped', reason: 'handler: nothing to do' },
      ] as const) {
        slots.push(present((await getSchedule(t, K)).nextSlot, 'next slot'))
        await fireNext(t, K)
        await finish(t, await claimOne(t, 'a'), then)
      }
      const live = await fireNext(t, K)
      const skipped = await fireNext(t, K, { overlap: 'skip' })
      assert.equal(skipped.state, 'skipped')
      slots.push(present((await getSchedule(t, K)).cursor, 'cursor'))
      assertFields(await prune(t, [rule({ succeeded: 0, dead: 0 })]), { pruned: 6, more: false })
      const record = await getSchedule(t, K)
      assertFields(record, { slots: 7, horizon: slots.at(-1) ?? null })
      assert.deepEqual(sorted(record.folded), { cancelled: 1, dead: 1, 'skipped:handler': 1, 'skipped:overlap': 1, succeeded: 2 })
      const page = await ledgerOf(t, K)
      assert.deepEqual(
        page.runs.map((run) => run.id),
        [live.id],
      )
      assert.deepEqual(sorted(page.folded), sorted(record.folded))
      await assertLedgerSound(t, K)
    }),
    both('pruned skip ranges are folded with their count', async (t) => {
      await mailJob(t)
      const record = await addSchedule(t, 'mail', 'k')
      const from = present(record.nextSlot, 'next slot')
      await fire(t, [
        firing(t, record, {
          through: from + 9,
          runs: [],
          skips: [
            { reason: 'misfire', from, to: from + 4, count: 5 },
            { reason: 'suspended', from: from + 5, to: from + 9, count: 3 },
          ],
        }),
      ])
      assertFields(await prune(t, [rule({ succeeded: 0 })]), { pruned: 2, more: false })
      const after = await getSchedule(t, K)
      assertFields(after, { slots: 8, horizon: from + 9 })
      assert.deepEqual(sorted(after.folded), { 'skipped:misfire': 5, 'skipped:suspended': 3 })
      assert.deepEqual((await ledgerOf(t, K)).skips, [])
      await assertLedgerSound(t, K)
    }),
    both('skip ranges are a kind of their own', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'k')
      for (let index = 0; index < 3; index++) {
        const record = await getSchedule(t, K)
        const slot = present(record.nextSlot, 'next slot')
        await fire(t, [firing(t, record, { runs: [], skips: [{ reason: 'misfire', from: slot, to: slot, count: 1 }] })])
      }
      await fireNext(t, K)
      await finish(t, await claimOne(t, 'a'), { to: 'skipped', reason: 'handler: nothing to do' })
      assertFields(await prune(t, [rule({ succeeded: 1 })]), { pruned: 2, more: false })
      const page = await ledgerOf(t, K)
      assert.deepEqual([page.runs.length, page.skips.length], [1, 1])
      await assertLedgerSound(t, K)
    }),
    both('an uncounted range is never lost uncounted', async (t) => {
      await mailJob(t)
      const record = await addSchedule(t, 'mail', 'k')
      const from = present(record.nextSlot, 'next slot')
      await fire(t, [firing(t, record, { runs: [], skips: [{ reason: 'misfire', from, to: from, count: null }] })])
      await prune(t, [rule({ succeeded: 0 })])
      const id = only((await ledgerOf(t, K)).skips, 'skip ranges').id
      await t.store.schedules.countSkips({ ...K, counts: [{ id, count: 4 }] })
      await prune(t, [rule({ succeeded: 0 })])
      const after = await getSchedule(t, K)
      assertFields(after, { slots: 4 })
      assert.equal(sum(after.folded), 4)
      await assertLedgerSound(t, K)
    }),
    both('a pruned slot cannot fire again', async (t) => {
      await mailJob(t)
      const record = await addSchedule(t, 'mail', 'k')
      const once = firing(t, record)
      await fire(t, [once])
      await finish(t, await claimOne(t, 'a'))
      await prune(t, [rule({ succeeded: 0 })])
      assert.equal(only(await fire(t, [once]), 'reply').status, 'stale')
      assert.deepEqual((await t.store.runs.find({ job: 'mail', limit: 10 })).runs, [])
      await assertLedgerSound(t, K)
    }),
    both('the horizon never goes back', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'k')
      const horizons: number[] = []
      for (let round = 0; round < 3; round++) {
        await fireNext(t, K)
        await finish(t, await claimOne(t, 'a'), round === 1 ? { to: 'dead', reason: 'x' } : SUCCESS)
        await prune(t, [rule({ succeeded: 0, dead: round === 2 ? 0 : 5 })])
        horizons.push((await getSchedule(t, K)).horizon ?? 0)
      }
      assert.deepEqual([...horizons].sort(), horizons)
      assertFields(await getSchedule(t, K), { slots: 3, horizon: (await getSchedule(t, K)).cursor })
      await assertLedgerSound(t, K)
    }),
    both('specs that no slot after the horizon came from are forgotten', async (t) => {
      await mailJob(t)
      const first = await addSchedule(t, 'mail', 'k')
      await fireNext(t, K)
      await finish(t, await claimOne(t, 'a'))
      const asOf = (await getSchedule(t, K)).cursor
      await setSchedules(t, await scheduleWrite(t, 'mail', 'k', { spec: specText(1), asOf }))
      await fireNext(t, K)
      await finish(t, await claimOne(t, 'a'))
      await prune(t, [rule({ succeeded: 5 })])
      assertFields(only((await getSchedule(t, K)).history, 'history'), { generation: 1, spec: first.spec })
      await prune(t, [rule({ succeeded: 0 })])
      assert.deepEqual((await getSchedule(t, K)).history, [])
    }),
    both('the spec of an uncounted range is kept with it', async (t) => {
      await mailJob(t)
      const first = await addSchedule(t, 'mail', 'k')
      const asOf = await t.now()
      await setSchedules(t, await scheduleWrite(t, 'mail', 'k', { spec: specText(1), asOf, nextSlot: asOf + 1 }))
      await t.pass(100)
      await fireNext(t, K)
      await finish(t, await claimOne(t, 'a'))
      await prune(t, [rule({ succeeded: 0 })])
      assertFields(only((await ledgerOf(t, K)).skips, 'skip ranges'), { reason: 'superseded', count: null, specGeneration: 1 })
      assertFields(only((await getSchedule(t, K)).history, 'history'), { generation: 1, spec: first.spec })
    }),
    both('pruning at the same time folds each record once', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'k')
      for (let index = 0; index < 6; index++) {
        await fireNext(t, K)
        await finish(t, await claimOne(t, 'a'))
      }
      const pruned = (await Promise.all(Array.from({ length: 4 }, () => prune(t, [rule({ succeeded: 1 })], 2)))).map(
        (reply) => reply.pruned,
      )
      assert.ok(pruned.reduce((total, count) => total + count, 0) <= 5)
      await prune(t, [rule({ succeeded: 1 })])
      assert.equal(sum((await getSchedule(t, K)).folded), 5)
      await assertLedgerSound(t, K)
    }),
    both('manual runs do not touch the counters of a schedule', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'k')
      await endedRun(t, 'mail', SUCCESS, 'k')
      const pending = await enqueue(t, 'mail', { key: 'k' })
      await cancel(t, pending)
      await prune(t, [rule({ succeeded: 0 })])
      assertFields(await getSchedule(t, K), { slots: 0, folded: {}, horizon: null })
    }),
  ],
}

function sorted(counters: Readonly<Record<string, number | undefined>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(counters)
      .flatMap(([outcome, count]) => (count === undefined || count === 0 ? [] : [[outcome, count] as const]))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
