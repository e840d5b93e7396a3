/** Cases: the static schedules of a job, which register and retire with it. */
import assert from 'node:assert/strict'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertLedgerSound, only, present } from '../expectations.ts'
import { addOwner, claim, enqueue, getRun } from '../run-steps.ts'
import {
  addSchedule,
  define,
  dueNames,
  fire,
  fireNext,
  firing,
  getSchedule,
  ledgerOf,
  register,
  registration,
  scheduleWrite,
  specText,
  STEP,
  suspend,
} from '../schedule-steps.ts'

export const staticScheduleCases: CaseGroup = {
  name: 'static schedules',
  cases: [
    both('schedules missing from a registration are retired, dynamic ones stay', async (t) => {
      const kept = await scheduleWrite(t, 'mail', '#0')
      const dropped = await scheduleWrite(t, 'mail', '#1')
      const generation = await define(t, 'mail', { schedules: [kept, dropped] })
      await addSchedule(t, 'mail', 'tenant-1')
      const run = await fireNext(t, dropped)
      await addOwner(t, 'a', ['mail'])
      await define(t, 'mail', { hash: 'v2', expectedGeneration: generation, schedules: [kept] })
      assert.deepEqual((await t.store.schedules.get({ schedules: [dropped] })).schedules, [null])
      const loaded = await t.store.schedules.load({ jobs: ['mail'] })
      assert.deepEqual(
        loaded.schedules.map((schedule) => schedule.name),
        ['#0'],
      )
      assert.deepEqual([...(await dueNames(t, 'a'))].sort(), ['mail/#0', 'mail/tenant-1'])
      assert.equal((await getRun(t, run.id)).state, 'pending', 'the runs of a retired schedule stay')
    }),
    both('a firing of a retired schedule finds it gone', async (t) => {
      const write = await scheduleWrite(t, 'mail', '#0')
      const generation = await define(t, 'mail', { schedules: [write] })
      const record = await getSchedule(t, write)
      await define(t, 'mail', { hash: 'v2', expectedGeneration: generation })
      assert.equal(only(await fire(t, [firing(t, record)]), 'reply').status, 'gone')
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 0)
    }),
    both('a job that begins suspended fires nothing until it is resumed, and is not suspended again', async (t) => {
      const write = await scheduleWrite(t, 'mail', '#0')
      const suspended = { at: write.asOf, reason: 'not yet' }
      const generation = await define(t, 'mail', { schedules: [write], suspended })
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail')
      assert.deepEqual(await dueNames(t, 'a'), [])
      assert.deepEqual(await claim(t, 'a'), [])
      const [job] = (await t.store.schedules.load({ jobs: ['mail'] })).jobs
      assert.deepEqual(job?.suspended, suspended)
      assert.deepEqual(await suspend(t, { job: 'mail' }, null), true)
      await define(t, 'mail', { hash: 'v2', expectedGeneration: generation, schedules: [write], suspended })
      assert.deepEqual(await dueNames(t, 'a'), ['mail/#0'])
      assert.equal((await claim(t, 'a')).length, 1)
    }),
    both('a changed schedule supersedes its unfired slots as one range', async (t) => {
      const write = await scheduleWrite(t, 'mail', '#0')
      const generation = await define(t, 'mail', { schedules: [write] })
      await fireNext(t, write)
      const before = await getSchedule(t, write)
      const asOf = await t.now()
      const changed = {
        ...write,
        spec: specText(1),
        incarnation: t.nextId(),
        asOf,
        nextSlot: asOf + t.ms(STEP),
        nextDueAt: asOf + t.ms(STEP),
      }
      await define(t, 'mail', { hash: 'v2', expectedGeneration: generation, schedules: [changed] })
      const after = await getSchedule(t, write)
      assertFields(after, {
        incarnation: before.incarnation,
        generation: before.generation + 1,
        spec: changed.spec,
        cursor: asOf,
        nextSlot: changed.nextSlot,
        nextDueAt: changed.nextDueAt,
        slots: 1,
      })
      const page = await ledgerOf(t, write)
      assertFields(only(page.skips, 'skip ranges'), {
        reason: 'superseded',
        from: present(before.nextSlot, 'next slot'),
        to: asOf,
        count: null,
        specGeneration: before.generation,
      })
      assert.equal(page.runs.length, 1, 'the fired slot keeps its record')
      const old = only(after.history, 'history')
      assertFields(old, { generation: before.generation, spec: write.spec })
      if (old.cursor !== undefined) assert.equal(old.cursor, before.cursor)
      if (old.nextSlot !== undefined) assert.equal(old.nextSlot, before.nextSlot)
      assert.ok(old.until >= before.cursor && old.until <= asOf, `history until ${old.until} lies in [${before.cursor}, ${asOf}]`)
    }),
    both('a change before the next slot is due leaves no range', async (t) => {
      const asOf = await t.now()
      const write = await scheduleWrite(t, 'mail', '#0', { asOf, nextSlot: asOf + t.ms(600_000) })
      const generation = await define(t, 'mail', { schedules: [write] })
      await t.pass(STEP)
      const later = await t.now()
      await define(t, 'mail', {
        hash: 'v2',
        expectedGeneration: generation,
        schedules: [await scheduleWrite(t, 'mail', '#0', { spec: specText(1), asOf: later })],
      })
      assertFields(await getSchedule(t, write), { generation: 2, cursor: later, slots: 0 })
      assert.deepEqual((await ledgerOf(t, write)).skips, [])
    }),
    both('a changed payload is a change', async (t) => {
      const write = await scheduleWrite(t, 'mail', '#0', { payload: '{"days":1}' })
      const generation = await define(t, 'mail', { schedules: [write] })
      const asOf = await t.now()
      const changed = { ...write, payload: '{"days":7}', asOf, nextSlot: asOf + t.ms(STEP), nextDueAt: asOf + t.ms(STEP) }
      await define(t, 'mail', { hash: 'v2', expectedGeneration: generation, schedules: [changed] })
      assertFields(await getSchedule(t, write), { generation: 2, payload: '{"days":7}', cursor: asOf })
    }),
    both('a firing planned on the old generation is stale', async (t) => {
      const write = await scheduleWrite(t, 'mail', '#0')
      const generation = await define(t, 'mail', { schedules: [write] })
      const old = await getSchedule(t, write)
      // The same next slot again, so that only the generation tells the two apart.
      const asOf = present(old.nextSlot, 'next slot') - 1
      await define(t, 'mail', { hash: 'v2', expectedGeneration: generation, schedules: [{ ...write, spec: specText(1), asOf }] })
      const changed = await getSchedule(t, write)
      assertFields(changed, { generation: 2, nextSlot: old.nextSlot })
      assert.equal(only(await fire(t, [firing(t, old)]), 'reply').status, 'stale')
      assert.deepEqual(await getSchedule(t, write), changed)
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 0)
    }),
    both('a registration is stale as a whole when a cursor moved past asOf', async (t) => {
      const first = await scheduleWrite(t, 'mail', '#0')
      const second = await scheduleWrite(t, 'mail', '#1')
      const generation = await define(t, 'mail', { concurrency: 1, schedules: [first, second] })
      await fireNext(t, second)
      const before = [await getSchedule(t, first), await getSchedule(t, second)]
      const replies = await register(
        t,
        registration('mail', {
          hash: 'v2',
          expectedGeneration: generation,
          concurrency: 9,
          schedules: [
            { ...first, spec: specText(1), asOf: first.asOf + 1 },
            { ...second, spec: specText(1), asOf: second.asOf + 1 },
          ],
        }),
      )
      assert.deepEqual(replies, [{ status: 'stale', generation }])
      assert.deepEqual([await getSchedule(t, first), await getSchedule(t, second)], before)
      assertFields(present((await t.store.schedules.load({ jobs: ['mail'] })).jobs[0], 'job'), { generation, hash: 'v1', concurrency: 1 })
    }),
    both('an unchanged schedule keeps cursor and generation when its job changes', async (t) => {
      const write = await scheduleWrite(t, 'mail', '#0')
      const generation = await define(t, 'mail', { schedules: [write] })
      await fireNext(t, write)
      const before = await getSchedule(t, write)
      const again = { ...write, incarnation: t.nextId(), asOf: await t.now() }
      await define(t, 'mail', { hash: 'v2', concurrency: 4, expectedGeneration: generation, schedules: [again] })
      assert.deepEqual(await getSchedule(t, write), before)
    }),
    both('a changed schedule goes on firing without a gap in its ledger', async (t) => {
      const write = await scheduleWrite(t, 'mail', '#0')
      const generation = await define(t, 'mail', { schedules: [write] })
      await fireNext(t, write)
      const asOf = present((await getSchedule(t, write)).nextSlot, 'next slot') - 1
      await define(t, 'mail', {
        hash: 'v2',
        expectedGeneration: generation,
        schedules: [await scheduleWrite(t, 'mail', '#0', { spec: specText(1), asOf })],
      })
      await fireNext(t, write)
      assertFields(await getSchedule(t, write), { slots: 2, generation: 2 })
      await assertLedgerSound(t, write)
    }),
  ],
}
