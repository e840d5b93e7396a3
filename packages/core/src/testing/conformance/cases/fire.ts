/** Cases: firing a slot moves the cursor and writes the records in one step, once. */
import assert from 'node:assert/strict'
import { slotRunId } from '../../../random/ids.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant, assertLedgerSound, only, present } from '../expectations.ts'
import { addOwner, getRun } from '../run-steps.ts'
import {
  addSchedule,
  define,
  dueNames,
  fire,
  firedRun,
  fireNext,
  firing,
  getSchedule,
  ledgerOf,
  setSchedules,
  scheduleWrite,
  STEP,
} from '../schedule-steps.ts'

export const fireCases: CaseGroup = {
  name: 'fire',
  cases: [
    both('a firing advances the cursor and makes the run', async (t) => {
      await define(t, 'mail')
      const before = await addSchedule(t, 'mail', 'tenant-1', { payload: '{"days":1}' })
      const slot = present(before.nextSlot, 'next slot')
      const wanted = firing(t, before, { run: { priority: 4, overlap: 'queue', gates: ['key:mail/tenant-1', 'mutex:m'], runAt: slot + 1 } })
      await t.pass(100)
      const { value: replies, ...span } = await t.timed(() => fire(t, [wanted]))
      const reply = only(replies, 'reply')
      assert.equal(reply.status, 'fired')
      const id = only(wanted.runs, 'runs').id
      assertFields(only(reply.runs, 'fired runs'), { id, state: 'pending', reason: null })
      assert.deepEqual(await getSchedule(t, before), {
        ...before,
        cursor: slot,
        nextSlot: wanted.nextSlot,
        nextDueAt: wanted.nextDueAt,
        slots: 1,
      })
      const run = await getRun(t, id)
      assertFields(run, {
        job: 'mail',
        key: 'tenant-1',
        state: 'pending',
        trigger: 'schedule',
        schedule: 'tenant-1',
        slot,
        payload: '{"days":1}',
        merging: null,
        priority: 4,
        runAt: slot + 1,
        startedAt: null,
        finishedAt: null,
        overlap: 'queue',
        gates: ['key:mail/tenant-1', 'mutex:m'],
        attempt: 0,
        failures: 0,
        crashes: 0,
        suspect: false,
        owner: null,
        open: false,
        triggers: 1,
        cancelRequested: null,
        reason: null,
        progress: null,
        result: null,
        error: null,
        attempts: [],
        replayOf: null,
        trace: null,
      })
      assertInstant(run.createdAt, span)
    }),
    both('the same firing again is stale and writes nothing', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      const once = firing(t, record)
      await fire(t, [once])
      const after = await getSchedule(t, record)
      const ledger = await ledgerOf(t, record)
      assert.equal(only(await fire(t, [once]), 'reply').status, 'stale')
      assert.deepEqual(await getSchedule(t, record), after)
      assert.deepEqual(await ledgerOf(t, record), ledger)
    }),
    both('the same firing twice in one batch fires once', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      const replies = await fire(t, [firing(t, record), firing(t, record)])
      assert.deepEqual(
        replies.map((reply) => reply.status),
        ['fired', 'stale'],
      )
      assert.equal((await getSchedule(t, record)).slots, 1)
    }),
    both('of many nodes that fire one slot exactly one does', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      const replies = (await Promise.all(Array.from({ length: 12 }, () => fire(t, [firing(t, record)])))).flat()
      assert.equal(replies.filter((reply) => reply.status === 'fired').length, 1)
      assert.equal(replies.filter((reply) => reply.status === 'stale').length, 11)
      assert.equal((await getSchedule(t, record)).slots, 1)
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 100 })).runs.length, 1)
    }),
    both('a firing of another slot than the next is stale', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      const wrong = present(record.nextSlot, 'next slot') + t.ms(STEP)
      const replies = await fire(t, [firing(t, record, { expectedSlot: wrong, through: wrong, runs: [firedRun(record, wrong)] })])
      assert.equal(only(replies, 'reply').status, 'stale')
      assert.deepEqual(await getSchedule(t, record), record)
      assert.deepEqual((await ledgerOf(t, record)).runs, [])
    }),
    both('the cursor never goes back', async (t) => {
      await define(t, 'mail')
      const first = await addSchedule(t, 'mail', 'k')
      await fireNext(t, first)
      const second = await getSchedule(t, first)
      await fireNext(t, first)
      const after = await getSchedule(t, first)
      for (const late of [firing(t, first), firing(t, second)]) assert.equal(only(await fire(t, [late]), 'reply').status, 'stale')
      assert.deepEqual(await getSchedule(t, first), after)
      assert.ok(after.cursor > second.cursor && second.cursor > first.cursor, 'cursors grow')
    }),
    both('a removed schedule is gone for its firing', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      await t.store.schedules.remove({ schedules: [record] })
      assert.equal(only(await fire(t, [firing(t, record)]), 'reply').status, 'gone')
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 0)
    }),
    both('a schedule that never was is gone for its firing', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      const replies = await fire(t, [firing(t, { ...record, name: 'nothing' }), firing(t, { ...record, job: 'nobody' })])
      assert.deepEqual(replies, [
        { status: 'gone', runs: [] },
        { status: 'gone', runs: [] },
      ])
    }),
    both('a run that exists already is not made again, though the schedule was lost and set anew', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      await fireNext(t, record)
      await t.store.schedules.remove({ schedules: [record] })
      await addSchedule(t, 'mail', 'k', { asOf: record.cursor, nextSlot: record.nextSlot })
      await fireNext(t, record, { id: slotRunId(record.incarnation, present(record.nextSlot, 'next slot')) })
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 1)
      assertFields(await getSchedule(t, record), { cursor: present(record.nextSlot, 'next slot'), slots: 1 })
      await assertLedgerSound(t, record)
    }),
    both('a firing of another incarnation does not fire', async (t) => {
      await define(t, 'mail')
      const old = await addSchedule(t, 'mail', 'k')
      await t.store.schedules.remove({ schedules: [old] })
      const replacement = await addSchedule(t, 'mail', 'k', { asOf: old.cursor, nextSlot: old.nextSlot })
      assert.notEqual(only(await fire(t, [firing(t, old)]), 'reply').status, 'fired')
      assert.deepEqual(await getSchedule(t, old), replacement)
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 0)
    }),
    both('skips are recorded with the firing, and counted if they have a count', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      const slot = (index: number): number => record.cursor + t.ms(index * STEP)
      const replies = await fire(t, [
        firing(t, record, {
          through: slot(7),
          runs: [firedRun(record, slot(7))],
          skips: [
            { reason: 'misfire', from: slot(1), to: slot(4), count: 4 },
            { reason: 'excluded', from: slot(5), to: slot(6), count: null },
          ],
        }),
      ])
      assert.equal(only(replies, 'reply').status, 'fired')
      assertFields(await getSchedule(t, record), { cursor: slot(7), slots: 5 })
      const page = await ledgerOf(t, record)
      assert.deepEqual(
        page.skips.map(({ reason, from, to, count, specGeneration }) => ({ reason, from, to, count, specGeneration })),
        [
          { reason: 'misfire', from: slot(1), to: slot(4), count: 4, specGeneration: 1 },
          { reason: 'excluded', from: slot(5), to: slot(6), count: null, specGeneration: 1 },
        ],
      )
      assert.deepEqual(
        page.runs.map((run) => run.slot),
        [slot(7)],
      )
      await assertLedgerSound(t, record)
    }),
    both('a firing of skips alone makes no run', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const record = await addSchedule(t, 'mail', 'k')
      const from = present(record.nextSlot, 'next slot')
      const next = (await t.now()) + t.ms(600_000)
      const replies = await fire(t, [
        firing(t, record, {
          through: from,
          runs: [],
          skips: [{ reason: 'suspended', from, to: from, count: 1 }],
          nextSlot: next,
          nextDueAt: next,
        }),
      ])
      assert.deepEqual(only(replies, 'reply'), { status: 'fired', runs: [] })
      assertFields(await getSchedule(t, record), { cursor: from, slots: 1, nextSlot: next })
      assert.deepEqual(await dueNames(t, 'a'), [])
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 0)
    }),
    both('one firing may make several runs, oldest first', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      const slots = [1, 2, 3].map((index) => record.cursor + t.ms(index * STEP))
      const runs = slots.map((slot) => firedRun(record, slot))
      const reply = only(await fire(t, [firing(t, record, { through: present(slots[2], 'slot'), runs })]), 'reply')
      assert.deepEqual(
        reply.runs.map((run) => run.id),
        runs.map((run) => run.id),
      )
      assert.deepEqual(
        (await ledgerOf(t, record)).runs.map((run) => run.slot),
        slots,
      )
      assertFields(await getSchedule(t, record), { slots: 3, cursor: present(slots[2], 'slot') })
    }),
    both('each firing of a batch stands by itself', async (t) => {
      await define(t, 'mail')
      const [a, b, c] = [await addSchedule(t, 'mail', 'a'), await addSchedule(t, 'mail', 'b'), await addSchedule(t, 'mail', 'c')]
      await t.store.schedules.remove({ schedules: [c] })
      const replies = await fire(t, [firing(t, a, { generation: 99 }), firing(t, b), firing(t, c)])
      assert.deepEqual(
        replies.map((reply) => reply.status),
        ['stale', 'fired', 'gone'],
      )
      assert.equal((await getSchedule(t, a)).slots, 0)
      assert.equal((await getSchedule(t, b)).slots, 1)
    }),
    both('the last slot leaves the schedule exhausted', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const record = await addSchedule(t, 'mail', 'k')
      await fire(t, [firing(t, record, { nextSlot: null, nextDueAt: null })])
      assertFields(await getSchedule(t, record), { nextSlot: null, nextDueAt: null, cursor: present(record.nextSlot, 'next slot') })
      assert.deepEqual(await dueNames(t, 'a'), [])
    }),
    given('every slot of many schedules ends with exactly one record, whoever fires', async (t) => {
      await define(t, 'mail')
      for (const seed of t.seeds) {
        const random = t.random(seed)
        const asOf = (await t.now()) - t.ms(10 * STEP)
        const refs = Array.from({ length: 6 }, (_, index) => ({ job: 'mail', name: `s${seed}-${index}` }))
        await setSchedules(t, ...(await Promise.all(refs.map((ref) => scheduleWrite(t, ref.job, ref.name, { asOf })))))
        const node = async (): Promise<void> => {
          for (let turn = 0; turn < 10; turn++) {
            const ref = present(refs[Math.floor(random() * refs.length)], 'schedule')
            const record = await getSchedule(t, ref)
            // Another node may fire the same slot between these two calls.
            await fire(t, [firing(t, record)])
          }
        }
        await Promise.all([node(), node(), node(), node()])
        for (const ref of refs) {
          const record = await getSchedule(t, ref)
          const { runs } = await ledgerOf(t, ref)
          assert.equal(runs.length, record.slots)
          assert.deepEqual(
            runs.map((run) => run.slot),
            runs.map((_, index) => asOf + t.ms((index + 1) * STEP)),
            `slots of ${ref.name} follow each other without a gap`,
          )
          await assertLedgerSound(t, ref)
        }
      }
    }),
  ],
}
