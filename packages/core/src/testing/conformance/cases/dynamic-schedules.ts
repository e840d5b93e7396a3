/** Cases: schedules that are set, changed, listed and removed at run time. */
import assert from 'node:assert/strict'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, only, present } from '../expectations.ts'
import { addOwner, getRun } from '../run-steps.ts'
import {
  addSchedule,
  define,
  dueNames,
  fireNext,
  getSchedule,
  ledgerOf,
  scheduleWrite,
  setSchedules,
  specText,
  STEP,
} from '../schedule-steps.ts'

export const dynamicScheduleCases: CaseGroup = {
  name: 'dynamic schedules',
  cases: [
    both('a schedule that is set is kept as it was written', async (t) => {
      await define(t, 'sync')
      const write = await scheduleWrite(t, 'sync', 'p1', { key: 'p1', payload: '{"project":"p1"}' })
      assert.deepEqual(await setSchedules(t, write), [{ status: 'created', cursor: write.asOf }])
      assertFields(await getSchedule(t, write), {
        job: 'sync',
        name: 'p1',
        key: 'p1',
        incarnation: write.incarnation,
        generation: 1,
        spec: write.spec,
        payload: '{"project":"p1"}',
        cursor: write.asOf,
        nextSlot: write.nextSlot,
        nextDueAt: write.nextDueAt,
        slots: 0,
      })
    }),
    both('a schedule counts from the instant for which its slots were computed', async (t) => {
      const [asked, first] = [await scheduleWrite(t, 'sync', '#0'), await scheduleWrite(t, 'sync', 'p1')]
      const generation = await define(t, 'sync', { schedules: [asked] })
      await setSchedules(t, first)
      // Slots between that instant and the writing are owed; an audit must be able to enumerate them.
      for (const write of [asked, first]) assertFields(await getSchedule(t, write), { createdAt: write.asOf, cursor: write.asOf })
      await t.pass(STEP)
      const changed = await Promise.all(
        [asked, first].map(async (write) => ({ ...write, spec: specText(1), asOf: await t.now(), incarnation: t.nextId() })),
      )
      await define(t, 'sync', { hash: 'v2', expectedGeneration: generation, schedules: changed.slice(0, 1) })
      await setSchedules(t, ...changed.slice(1))
      for (const { name, asOf } of [asked, first]) {
        assertFields(await getSchedule(t, { job: 'sync', name }), { generation: 2, createdAt: asOf })
      }
    }),
    both('equal content changes nothing', async (t) => {
      await define(t, 'sync')
      const write = await scheduleWrite(t, 'sync', 'p1')
      await setSchedules(t, write)
      await fireNext(t, write)
      const before = await getSchedule(t, write)
      const asOf = await t.now()
      const again = { ...write, incarnation: t.nextId(), asOf, nextSlot: asOf + t.ms(STEP), nextDueAt: asOf + t.ms(STEP) }
      assert.deepEqual(await setSchedules(t, again), [{ status: 'unchanged', cursor: before.cursor }])
      assert.deepEqual(await getSchedule(t, write), before)
    }),
    both('changed content raises the generation and supersedes unfired slots', async (t) => {
      await define(t, 'sync')
      const write = await scheduleWrite(t, 'sync', 'p1')
      await setSchedules(t, write)
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
      assert.deepEqual(await setSchedules(t, changed), [{ status: 'changed', cursor: asOf }])
      assertFields(await getSchedule(t, write), {
        incarnation: write.incarnation,
        generation: 2,
        spec: changed.spec,
        cursor: asOf,
        nextSlot: changed.nextSlot,
        slots: 1,
      })
      assertFields(only((await ledgerOf(t, write)).skips, 'skip ranges'), {
        reason: 'superseded',
        from: present(before.nextSlot, 'next slot'),
        to: asOf,
        count: null,
        specGeneration: 1,
      })
    }),
    both('a change at the very slot supersedes it', async (t) => {
      await define(t, 'sync')
      const record = await addSchedule(t, 'sync', 'p1')
      const slot = present(record.nextSlot, 'next slot')
      await setSchedules(t, await scheduleWrite(t, 'sync', 'p1', { spec: specText(1), asOf: slot }))
      assertFields(only((await ledgerOf(t, record)).skips, 'skip ranges'), { reason: 'superseded', from: slot, to: slot })
    }),
    both('a change moves the due instant, to later and to earlier', async (t) => {
      await define(t, 'sync')
      await addOwner(t, 'a', ['sync'])
      await addSchedule(t, 'sync', 'p1')
      const now = await t.now()
      await setSchedules(t, await scheduleWrite(t, 'sync', 'p1', { spec: specText(1), asOf: now, nextSlot: now + t.ms(600_000) }))
      assert.deepEqual(await dueNames(t, 'a'), [])
      await setSchedules(t, await scheduleWrite(t, 'sync', 'p1', { spec: specText(2), asOf: now, nextSlot: now + 1 }))
      await t.pass(100)
      assert.deepEqual(await dueNames(t, 'a'), ['sync/p1'])
    }),
    both('a change computed before the last firing is stale', async (t) => {
      await define(t, 'sync')
      const write = await scheduleWrite(t, 'sync', 'p1')
      await setSchedules(t, write)
      await fireNext(t, write)
      const before = await getSchedule(t, write)
      const changed = { ...write, spec: specText(1), asOf: before.cursor - 1 }
      assert.deepEqual(await setSchedules(t, changed), [{ status: 'stale', cursor: before.cursor }])
      assert.deepEqual(await getSchedule(t, write), before)
      assert.deepEqual((await ledgerOf(t, write)).skips, [])
    }),
    both('a batch is answered in its order', async (t) => {
      await define(t, 'sync')
      const same = await scheduleWrite(t, 'sync', 'same')
      const other = await scheduleWrite(t, 'sync', 'other')
      const late = await scheduleWrite(t, 'sync', 'late')
      await setSchedules(t, same, other, late)
      await fireNext(t, late)
      const replies = await setSchedules(t, { ...late, payload: '1' }, await scheduleWrite(t, 'sync', 'new'), same, {
        ...other,
        payload: '1',
      })
      assert.deepEqual(
        replies.map((reply) => reply.status),
        ['stale', 'created', 'unchanged', 'changed'],
      )
    }),
    both('of equal sets at the same time one creates', async (t) => {
      await define(t, 'sync')
      const write = await scheduleWrite(t, 'sync', 'p1')
      const attempts = Array.from({ length: 8 }, () => setSchedules(t, { ...write, incarnation: t.nextId() }))
      const statuses = (await Promise.all(attempts)).flat().map((reply) => reply.status)
      assert.equal(statuses.filter((status) => status === 'created').length, 1)
      assert.equal(statuses.filter((status) => status === 'unchanged').length, 7)
      assertFields(await getSchedule(t, write), { generation: 1 })
    }),
    both('a removed schedule is not due any more; its runs stay', async (t) => {
      await define(t, 'sync')
      await addOwner(t, 'a', ['sync'])
      const record = await addSchedule(t, 'sync', 'p1')
      await addSchedule(t, 'sync', 'p2')
      const run = await fireNext(t, record)
      const { removed } = await t.store.schedules.remove({
        schedules: [
          { job: 'sync', name: 'p1' },
          { job: 'sync', name: 'nothing' },
        ],
      })
      assert.deepEqual(removed, [true, false])
      assert.deepEqual((await t.store.schedules.remove({ schedules: [{ job: 'sync', name: 'p1' }] })).removed, [false])
      assert.deepEqual((await t.store.schedules.get({ schedules: [record] })).schedules, [null])
      assert.deepEqual(await dueNames(t, 'a'), ['sync/p2'])
      assert.equal((await getRun(t, run.id)).state, 'pending')
    }),
    both('remove leaves static schedules alone', async (t) => {
      await define(t, 'sync', { schedules: [await scheduleWrite(t, 'sync', '#0')] })
      const before = await getSchedule(t, { job: 'sync', name: '#0' })
      assert.deepEqual((await t.store.schedules.remove({ schedules: [{ job: 'sync', name: '#0' }] })).removed, [false])
      assert.deepEqual(await getSchedule(t, before), before)
    }),
    both('remove and set make another incarnation with a ledger of its own', async (t) => {
      await define(t, 'sync')
      const old = await addSchedule(t, 'sync', 'p1')
      await fireNext(t, old)
      await t.store.schedules.remove({ schedules: [old] })
      const fresh = await addSchedule(t, 'sync', 'p1', { asOf: await t.now() })
      assert.notEqual(fresh.incarnation, old.incarnation)
      assertFields(fresh, { generation: 1, slots: 0, folded: {}, history: [] })
      const page = await ledgerOf(t, fresh)
      assert.deepEqual(page.skips, [])
      assert.deepEqual(page.runs, [], 'slots of the former incarnation are not in the new ledger')
    }),
    both('a write that arrives again after the removal does not bring the schedule back', async (t) => {
      await define(t, 'sync')
      await addOwner(t, 'a', ['sync'])
      const write = await scheduleWrite(t, 'sync', 'p1')
      await setSchedules(t, write)
      await t.store.schedules.remove({ schedules: [write] })
      const replies = await setSchedules(t, write, await scheduleWrite(t, 'sync', 'p2'))
      assert.deepEqual(
        replies.map(({ status }) => status),
        ['created', 'created'],
      )
      assert.deepEqual((await t.store.schedules.get({ schedules: [write] })).schedules, [null])
      assert.deepEqual(await dueNames(t, 'a'), ['sync/p2'])
      await setSchedules(t, { ...write, incarnation: t.nextId() })
      assert.deepEqual((await dueNames(t, 'a')).toSorted(), ['sync/p1', 'sync/p2'])
    }),
    both('get answers in the order asked, with null for what is not there', async (t) => {
      await define(t, 'sync')
      await addSchedule(t, 'sync', 'p1')
      await addSchedule(t, 'sync', 'p2')
      const { schedules } = await t.store.schedules.get({
        schedules: ['p2', 'nothing', 'p1'].map((name) => ({ job: 'sync', name })),
      })
      assert.deepEqual(
        schedules.map((schedule) => schedule?.name ?? null),
        ['p2', null, 'p1'],
      )
    }),
    given('list pages through every schedule once, by job and name', async (t) => {
      const names: string[] = []
      for (const job of ['alpha', 'beta', 'gamma']) {
        await define(t, job)
        const writes = await Promise.all(
          Array.from({ length: 17 }, (_, index) => scheduleWrite(t, job, `p${String((index * 7) % 17).padStart(3, '0')}`)),
        )
        await setSchedules(t, ...writes)
        names.push(...writes.map((write) => `${job}/${write.name}`))
      }
      const seen: string[] = []
      let after: { job: string; name: string } | undefined
      for (let page = 0; page < 20; page++) {
        const { schedules } = await t.store.schedules.list({ after, limit: 10 })
        assert.ok(schedules.length <= 10)
        seen.push(...schedules.map((schedule) => `${schedule.job}/${schedule.name}`))
        const last = schedules.at(-1)
        if (last === undefined) break
        after = { job: last.job, name: last.name }
      }
      assert.deepEqual(seen, [...names].sort())
    }),
    given('large batches are one call', async (t) => {
      await define(t, 'sync')
      const names = Array.from({ length: 3_000 }, (_, index) => `p${index}`)
      const replies = await setSchedules(t, ...(await Promise.all(names.map((name) => scheduleWrite(t, 'sync', name)))))
      assert.equal(replies.filter((reply) => reply.status === 'created').length, names.length)
      const { schedules } = await t.store.schedules.get({ schedules: names.map((name) => ({ job: 'sync', name })) })
      assert.deepEqual(
        schedules.map((schedule) => schedule?.name),
        names,
      )
    }),
    given('names of any kind and far instants are kept as they are', async (t) => {
      await define(t, 'sync')
      const far = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
      for (const name of ['ü 😀', `it's "quoted" \\ 100%_`, '{a}:b/c*?[d]', '__proto__']) {
        const write = await scheduleWrite(t, 'sync', name, { payload: `{"b": ${JSON.stringify(name)},  "a":1.50}`, nextSlot: far })
        await setSchedules(t, write)
        assertFields(await getSchedule(t, write), { name, key: name, payload: write.payload, nextSlot: far, nextDueAt: far })
        assert.deepEqual((await t.store.schedules.remove({ schedules: [write] })).removed, [true])
      }
    }),
    both('list may be limited to a job', async (t) => {
      for (const job of ['alpha', 'beta', 'gamma']) {
        await define(t, job)
        await addSchedule(t, job, 'p1')
        await addSchedule(t, job, 'p2')
      }
      const first = await t.store.schedules.list({ job: 'beta', limit: 1 })
      assert.deepEqual(
        first.schedules.map((schedule) => `${schedule.job}/${schedule.name}`),
        ['beta/p1'],
      )
      const rest = await t.store.schedules.list({ job: 'beta', after: { job: 'beta', name: 'p1' }, limit: 10 })
      assert.deepEqual(
        rest.schedules.map((schedule) => `${schedule.job}/${schedule.name}`),
        ['beta/p2'],
      )
    }),
  ],
}
