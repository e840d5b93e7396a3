/** Cases: which schedules are due, for whom, and in which order. */
import assert from 'node:assert/strict'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { only } from '../expectations.ts'
import { addOwner } from '../run-steps.ts'
import { addSchedule, define, dueNames, fire, firing, getSchedule, setSchedules, scheduleWrite, STEP } from '../schedule-steps.ts'

export const dueCases: CaseGroup = {
  name: 'due',
  cases: [
    both('a schedule is due from nextDueAt on, not before', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await addSchedule(t, 'mail', 'k', { asOf: await t.now(), nextSlot: (await t.now()) + t.ms(3 * STEP) })
      assert.deepEqual(await dueNames(t, 'a'), [])
      await t.pass(3 * STEP)
      const { schedules } = await t.store.schedules.due({ owner: 'a', limit: 10, ...t.at() })
      assert.deepEqual(only(schedules, 'due schedules'), await getSchedule(t, { job: 'mail', name: 'k' }))
    }),
    given('a schedule is due at the very instant of nextDueAt', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const now = await t.now()
      await addSchedule(t, 'mail', 'k', { asOf: now, nextSlot: now + 1_000 })
      await t.pass(999)
      assert.deepEqual(await dueNames(t, 'a'), [])
      await t.pass(1)
      assert.deepEqual(await dueNames(t, 'a'), ['mail/k'])
    }),
    both('jitter delays the due instant, not the slot', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const now = await t.now()
      await addSchedule(t, 'mail', 'k', { asOf: now - t.ms(STEP), nextSlot: now - 1, nextDueAt: now + t.ms(3 * STEP) })
      assert.deepEqual(await dueNames(t, 'a'), [])
      await t.pass(3 * STEP)
      assert.deepEqual(await dueNames(t, 'a'), ['mail/k'])
    }),
    both('the earliest come first, at most as many as asked for', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const asOf = (await t.now()) - t.ms(10 * STEP)
      for (const [name, steps] of [
        ['c', 3],
        ['a', 1],
        ['d', 4],
        ['b', 2],
      ] as const) {
        await addSchedule(t, 'mail', name, { asOf, nextSlot: asOf + t.ms(steps * STEP) })
      }
      assert.deepEqual(await dueNames(t, 'a'), ['mail/a', 'mail/b', 'mail/c', 'mail/d'])
      assert.deepEqual(await dueNames(t, 'a', 2), ['mail/a', 'mail/b'])
    }),
    both('the earliest come first over all jobs', async (t) => {
      const jobs = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
      for (const job of jobs) await define(t, job)
      await addOwner(t, 'o', jobs)
      const asOf = (await t.now()) - t.ms(100 * STEP)
      const wanted: string[] = []
      for (let step = 1; step <= 21; step++) {
        const ref = `${jobs[(step * 3) % 7]}/k${step}`
        const [job = '', name = ''] = ref.split('/')
        await addSchedule(t, job, name, { asOf, nextSlot: asOf + t.ms(step * STEP) })
        wanted.push(ref)
      }
      assert.deepEqual(await dueNames(t, 'o'), wanted)
    }),
    both("only schedules of the owner's jobs are due for it", async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'b', ['report'])
      await addSchedule(t, 'mail', 'k')
      await addSchedule(t, 'report', 'k')
      assert.deepEqual(await dueNames(t, 'a'), ['mail/k'])
      assert.deepEqual(await dueNames(t, 'b'), ['report/k'])
      assert.deepEqual(await dueNames(t, 'nobody'), [])
    }),
    both('what an owner knows may change', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addSchedule(t, 'mail', 'k')
      await addSchedule(t, 'report', 'k')
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'a', ['report'])
      assert.deepEqual(await dueNames(t, 'a'), ['report/k'])
    }),
    both('an exhausted schedule is never due', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await addSchedule(t, 'mail', 'k', { nextSlot: null, nextDueAt: null })
      await addSchedule(t, 'mail', 'l')
      assert.deepEqual(await dueNames(t, 'a'), ['mail/l'])
    }),
    given('a job with much that is due does not starve another', async (t) => {
      await define(t, 'busy')
      await define(t, 'quiet')
      await addOwner(t, 'a', ['busy', 'quiet'])
      const asOf = (await t.now()) - t.ms(10 * STEP)
      const writes = await Promise.all(
        Array.from({ length: 100 }, (_, index) => scheduleWrite(t, 'busy', `k${index}`, { asOf, nextSlot: asOf + t.ms(STEP) })),
      )
      await setSchedules(t, ...writes)
      await addSchedule(t, 'quiet', 'k', { asOf, nextSlot: asOf + t.ms(9 * STEP) })
      const jobs: string[] = []
      for (let round = 0; round < 3; round++) {
        const { schedules } = await t.store.schedules.due({ owner: 'a', limit: 5, ...t.at() })
        assert.equal(schedules.length, 5)
        jobs.push(...schedules.map((schedule) => schedule.job))
        await fire(
          t,
          schedules.map((schedule) => firing(t, schedule, { nextSlot: null, nextDueAt: null })),
        )
      }
      assert.ok(jobs.includes('quiet'), 'three rounds of five went by without the job that has one schedule')
    }),
    both('a firing moves the schedule to its next due instant', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const record = await addSchedule(t, 'mail', 'k')
      const next = (await t.now()) + t.ms(3 * STEP)
      await fire(t, [firing(t, record, { nextSlot: next, nextDueAt: next })])
      assert.deepEqual(await dueNames(t, 'a'), [])
      await t.pass(3 * STEP)
      assert.deepEqual(await dueNames(t, 'a'), ['mail/k'])
    }),
  ],
}
