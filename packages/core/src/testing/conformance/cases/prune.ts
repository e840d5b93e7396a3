/** Cases: history is bounded, and pruning loses no count. */
import assert from 'node:assert/strict'
import { mutexGate } from '../../../store/gates.ts'
import type { KeepRule } from '../../../store/runs.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertLedgerSound, only, present } from '../expectations.ts'
import { addOwner, cancel, claimIds, claimOne, enqueue, finish, statesOf, type Ending, SUCCESS } from '../run-steps.ts'
import {
  addSchedule,
  define,
  fire,
  fireNext,
  firing,
  getSchedule,
  ledgerOf,
  scheduleWrite,
  setSchedules,
  specText,
} from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

const DAY = 86_400_000
const K = { job: 'mail', name: 'k' }

function rule(over: Partial<KeepRule> = {}): KeepRule {
  return { job: 'mail', succeeded: 100, dead: 100, forMs: 365 * DAY, ...over }
}

async function prune(t: Trial, rules: readonly KeepRule[], limit = 1_000): Promise<{ readonly pruned: number; readonly more: boolean }> {
  return t.store.runs.prune({ rules, limit, ...t.at() })
}

/** A run that ended with `then`. */
async function endedRun(t: Trial, job: string, then: Ending = SUCCESS, key = ''): Promise<string> {
  const id = await enqueue(t, job, { key })
  await finish(t, await claimOne(t, 'a'), then)
  await t.pass(1)
  return id
}

async function endedRuns(t: Trial, count: number, then: Ending = SUCCESS, key = ''): Promise<readonly string[]> {
  const ids: string[] = []
  for (let index = 0; index < count; index++) ids.push(await endedRun(t, 'mail', then, key))
  return ids
}

async function kept(t: Trial, ids: readonly string[]): Promise<readonly boolean[]> {
  return (await statesOf(t, ids)).map((state) => state !== null)
}

async function mailJob(t: Trial): Promise<void> {
  await define(t, 'mail')
  await addOwner(t, 'a', ['mail', 'report'])
}

const sum = (counts: Readonly<Record<string, number | undefined>>): number =>
  Object.values(counts).reduce<number>((total, count) => total + (count ?? 0), 0)

export const pruneCases: CaseGroup = {
  name: 'prune',
  cases: [
    both('the newest of each kind are kept', async (t) => {
      await mailJob(t)
      const succeeded = await endedRuns(t, 4)
      const dead = await endedRuns(t, 3, { to: 'dead', reason: 'x' })
      const cancelled = await endedRuns(t, 3, { to: 'cancelled', reason: 'x' })
      const skipped = await endedRuns(t, 3, { to: 'skipped', reason: 'handler: nothing to do' })
      assertFields(await prune(t, [rule({ succeeded: 2, dead: 1 })]), { pruned: 2 + 2 + 1 + 1, more: false })
      assert.deepEqual(await kept(t, succeeded), [false, false, true, true])
      assert.deepEqual(await kept(t, dead), [false, false, true])
      assert.deepEqual(await kept(t, cancelled), [false, true, true])
      assert.deepEqual(await kept(t, skipped), [false, true, true])
      assertFields(await prune(t, [rule({ succeeded: 2, dead: 1 })]), { pruned: 0, more: false })
    }),
    both('keys are counted apart', async (t) => {
      await mailJob(t)
      const k = await endedRuns(t, 3, SUCCESS, 'k')
      const l = await endedRuns(t, 1, SUCCESS, 'l')
      await prune(t, [rule({ succeeded: 1 })])
      assert.deepEqual(await kept(t, k), [false, false, true])
      assert.deepEqual(await kept(t, l), [true])
    }),
    given('records older than forMs go, however few', async (t) => {
      await mailJob(t)
      const old = await endedRuns(t, 2)
      const oldDead = await endedRuns(t, 1, { to: 'dead', reason: 'x' })
      await t.pass(2 * DAY)
      await addOwner(t, 'a2', ['mail'])
      await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a2'))
      await prune(t, [rule({ forMs: DAY })])
      assert.deepEqual(await kept(t, [...old, ...oldDead]), [false, false, false])
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 1)
    }),
    given('a record is old when it is older than forMs, not before', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a'))
      await t.pass(3_600_000)
      assert.deepEqual(await prune(t, [rule({ forMs: 3_600_000 })]), { pruned: 0, more: false })
      await t.pass(1)
      assert.deepEqual(await prune(t, [rule({ forMs: 3_600_000 })]), { pruned: 1, more: false })
      assert.deepEqual(await kept(t, [id]), [false])
    }),
    given('limit bounds pruning by age too', async (t) => {
      await mailJob(t)
      await endedRuns(t, 5)
      await t.pass(DAY)
      assert.deepEqual(await prune(t, [rule({ forMs: 1_000 })], 3), { pruned: 3, more: true })
      assertFields(await prune(t, [rule({ forMs: 1_000 })], 3), { pruned: 2 })
      assert.deepEqual(await prune(t, [rule({ forMs: 1_000 })], 3), { pruned: 0, more: false })
    }),
    given('live runs are never pruned, however old', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'], 10 * DAY)
      const lease = { leaseMs: 10 * DAY }
      await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      const running = await claimOne(t, 'a', lease)
      const waiting = await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      await claimIds(t, 'a', lease)
      const retrying = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a', lease), { to: 'retry', delayMs: 5 * DAY })
      const pending = await enqueue(t, 'mail')
      await t.pass(2 * DAY)
      assertFields(await prune(t, [rule({ succeeded: 0, dead: 0, forMs: 1 })]), { pruned: 0, more: false })
      assert.deepEqual(await kept(t, [running.id, waiting, retrying, pending]), [true, true, true, true])
    }),
    both('only jobs with a rule are pruned', async (t) => {
      await mailJob(t)
      await define(t, 'report')
      const mail = await endedRun(t, 'mail')
      const report = await endedRun(t, 'report')
      await prune(t, [rule({ succeeded: 0 })])
      assert.deepEqual(await kept(t, [mail, report]), [false, true])
    }),
    both('each call follows its own rules', async (t) => {
      await mailJob(t)
      await endedRuns(t, 5)
      await endedRuns(t, 3, { to: 'dead', reason: 'x' })
      assertFields(await prune(t, [rule({ succeeded: 3 })]), { pruned: 2, more: false })
      assertFields(await prune(t, [rule({ succeeded: 1 })]), { pruned: 2, more: false })
      assertFields(await prune(t, [rule({ succeeded: 1, dead: 2 })]), { pruned: 1, more: false })
      await endedRuns(t, 2)
      assertFields(await prune(t, [rule({ succeeded: 1, dead: 2 })]), { pruned: 2, more: false })
      assertFields(await prune(t, [rule({ succeeded: 1, dead: 0 })]), { pruned: 2, more: false })
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 1)
    }),
    both('rules for jobs that are not there harm nothing', async (t) => {
      await mailJob(t)
      await endedRuns(t, 2)
      assertFields(await prune(t, [rule({ job: 'nobody', succeeded: 0 }), rule({ succeeded: 1 })]), { pruned: 1, more: false })
    }),
    both('pruning older slots does not hide that the last one is alive', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'k')
      await fireNext(t, K, { overlap: 'skip' })
      await finish(t, await claimOne(t, 'a'))
      await fireNext(t, K, { overlap: 'skip' })
      await prune(t, [rule({ succeeded: 0 })])
      assert.equal((await fireNext(t, K, { overlap: 'skip' })).state, 'skipped')
    }),
    both('limit bounds one call; more says that there is work left', async (t) => {
      await mailJob(t)
      await endedRuns(t, 7)
      assert.deepEqual(await prune(t, [rule({ succeeded: 1 })], 4), { pruned: 4, more: true })
      assertFields(await prune(t, [rule({ succeeded: 1 })], 4), { pruned: 2 })
      assert.deepEqual(await prune(t, [rule({ succeeded: 1 })], 4), { pruned: 0, more: false })
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
