/** Cases: what is looked at before it is due, and fires no earlier for it. */
import assert from 'node:assert/strict'
import type { Firing, FireReply } from '../../../store/schedules.ts'
import type { CaseGroup, ConformanceCase } from '../conformance-case.ts'
import { only } from '../expectations.ts'
import { addOwner } from '../run-steps.ts'
import { addSchedule, define, dueNames, firing, getSchedule, registration, scheduleWrite, suspend } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

const K = { job: 'mail', name: 'k' }
const IN_MS = 100

/** `k` is due in {@link IN_MS}. */
async function mailJob(t: Trial): Promise<{ readonly lookedAt: number; readonly firings: readonly Firing[] }> {
  await define(t, 'mail')
  await addOwner(t, 'a', ['mail'])
  const now = await t.now()
  const k = await addSchedule(t, 'mail', 'k', { asOf: now, nextSlot: now + IN_MS })
  return { lookedAt: now, firings: [firing(t, k)] }
}

async function fireLooked(t: Trial, request: { readonly lookedAt: number; readonly firings: readonly Firing[] }): Promise<FireReply> {
  return only((await t.store.schedules.fire({ ...request, ...t.at() })).replies, 'replies to fire')
}

function looking(name: string, run: ConformanceCase['run']): ConformanceCase {
  return { name, clocks: 'given', needs: ['looksAhead'], run }
}

export const lookAheadCases: CaseGroup = {
  name: 'looking ahead',
  cases: [
    looking('what is due within the time that is asked for is told, and when it is due', async (t) => {
      const { lookedAt } = await mailJob(t)
      assert.deepEqual(await dueNames(t, 'a'), [])
      const short = await t.store.schedules.due({ owner: 'a', limit: 10, aheadMs: IN_MS - 1, ...t.at() })
      assert.deepEqual(short.schedules, [])
      const look = await t.store.schedules.due({ owner: 'a', limit: 10, aheadMs: IN_MS, ...t.at() })
      assert.deepEqual(only(look.schedules, 'schedules due soon'), await getSchedule(t, K))
      assert.equal(look.storeNow, lookedAt)
      assert.equal(look.nextDueAt, lookedAt + IN_MS)
    }),
    looking('what is due comes before what is due soon', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'now')
      const { schedules } = await t.store.schedules.due({ owner: 'a', limit: 1, aheadMs: IN_MS, ...t.at() })
      assert.equal(only(schedules, 'the earliest').name, 'now')
    }),
    looking('a firing before its instant is stale and leaves nothing behind; at its instant it fires', async (t) => {
      const looked = await mailJob(t)
      const before = await getSchedule(t, K)
      await t.pass(IN_MS - 1)
      assert.deepEqual(await fireLooked(t, looked), { status: 'stale', runs: [] })
      assert.deepEqual(await getSchedule(t, K), before)
      await t.pass(1)
      assert.equal((await fireLooked(t, looked)).status, 'fired')
    }),
    looking('a firing whose schedule was suspended and resumed since the look is stale: its slot may lie in the stretch', async (t) => {
      const looked = await mailJob(t)
      await t.pass(IN_MS / 2)
      await suspend(t, K, 'tenant is locked')
      await t.pass(IN_MS)
      assert.equal((await fireLooked(t, looked)).status, 'suspended')
      await suspend(t, K, null)
      assert.deepEqual(await fireLooked(t, looked), { status: 'stale', runs: [] })
      assert.equal((await fireLooked(t, { ...looked, lookedAt: await t.now() })).status, 'fired')
    }),
    looking('the same where the whole job was', async (t) => {
      const looked = await mailJob(t)
      await suspend(t, { job: 'mail' }, 'provider is down')
      await t.pass(2 * IN_MS)
      await suspend(t, { job: 'mail' }, null)
      assert.deepEqual(await fireLooked(t, looked), { status: 'stale', runs: [] })
      assert.equal((await fireLooked(t, { ...looked, lookedAt: await t.now() })).status, 'fired')
    }),
    {
      name: 'what is about to be due is waited for, and fires no earlier, on the clock of the store',
      clocks: 'given',
      needs: ['looksAhead', 'waitsToFire'],
      async run(t) {
        await t.store.schedules.register({ registrations: [registration('mail')] })
        const lookedAt = await t.store.now()
        const dueAt = lookedAt + 15
        await t.store.schedules.set({ schedules: [await scheduleWrite(t, 'mail', 'k', { asOf: lookedAt, nextSlot: dueAt })] })
        const k = await getSchedule(t, K)
        const { replies, storeNow } = await t.store.schedules.fire({ firings: [firing(t, k)], lookedAt })
        assert.equal(only(replies, 'replies to fire').status, 'fired')
        assert.ok(storeNow >= dueAt, `it fired ${dueAt - storeNow} ms early`)
      },
    },
  ],
}
