/** Cases: opening, closing, the clock, and records that callers cannot spoil. */
import assert from 'node:assert/strict'
import { QuarterjackError } from '../../../errors/quarterjack-error.ts'
import { both, type CaseGroup } from '../conformance-case.ts'
import { present } from '../expectations.ts'
import { acquire, grant } from '../lease-steps.ts'
import { addOwner, claim, claimAtOnce, claimOne, enqueue, enqueueAll, enqueueRequest, finish, getRun, renew } from '../run-steps.ts'
import { addSchedule, define, fire, firing, getSchedule, ledgerOf, scheduleWrite, setSchedules } from '../schedule-steps.ts'

/** Writes to every property and array below `value`, as a careless caller would. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const inner of Object.values(value)) spoil(inner)
  for (const change of [
    () => {
      for (const property of Object.keys(value)) Reflect.set(value, property, 'spoilt')
    },
    () => {
      if (Array.isArray(value)) value.push('spoilt')
    },
  ]) {
    try {
      change()
    } catch {
      // A frozen record refuses; that is as good.
    }
  }
}

export const lifecycleCases: CaseGroup = {
  name: 'lifecycle',
  cases: [
    both('open may be called again', async (t) => {
      await define(t, 'mail')
      await t.store.open()
      assert.equal((await t.store.schedules.load({ jobs: ['mail'] })).jobs.length, 1)
    }),
    both('the store has a name and a clock that does not stand still', async (t) => {
      assert.notEqual(t.store.name, '')
      const before = await t.store.now()
      assert.ok(Number.isFinite(before) && before > Date.UTC(2000, 0, 1), `now() is in epoch milliseconds: ${before}`)
      if (t.at().now !== undefined) return
      await t.pass(1_000)
      assert.ok((await t.store.now()) >= before + t.ms(1_000))
    }),
    both('a closed store refuses every verb', async (t) => {
      const { store } = t
      await store.close()
      await store.close()
      const verbs: Readonly<Record<string, () => Promise<unknown>>> = {
        now: () => store.now(),
        load: () => store.schedules.load({ jobs: [] }),
        register: () => store.schedules.register({ registrations: [] }),
        due: () => store.schedules.due({ owner: 'a', limit: 1 }),
        fire: () => store.schedules.fire({ firings: [] }),
        set: () => store.schedules.set({ schedules: [] }),
        remove: () => store.schedules.remove({ schedules: [] }),
        'schedules.get': () => store.schedules.get({ schedules: [] }),
        list: () => store.schedules.list({ limit: 1 }),
        suspend: () => store.schedules.suspend({ targets: [] }),
        quarantine: () => store.schedules.quarantine({ schedules: [] }),
        retire: () => store.schedules.retire({ jobs: [] }),
        ledger: () => store.schedules.ledger({ job: 'mail', name: 'k', after: null, limit: 1 }),
        countSkips: () => store.schedules.countSkips({ job: 'mail', name: 'k', counts: [] }),
        enqueue: () => store.runs.enqueue({ requests: [] }),
        claim: () => store.runs.claim(claimAtOnce(t, 'a')),
        renew: () => renew(t, 'a'),
        leave: () => store.runs.leave({ owner: 'a' }),
        held: () => store.runs.held({ owner: 'a' }),
        settle: () => store.runs.settle({ owner: 'a', settlements: [] }),
        releaseGates: () => store.runs.releaseGates({ owner: 'a', runs: [] }),
        'runs.get': () => store.runs.get({ ids: [] }),
        find: () => store.runs.find({ limit: 1 }),
        cancel: () => store.runs.cancel({ runs: [] }),
        stats: () => store.runs.stats({ jobs: [] }),
        prune: () => store.runs.prune({ rules: [], limit: 1 }),
        gates: () => store.runs.gates({}),
        acquire: () => acquire(t, 'm', 'a'),
        'leases.renew': () => store.leases.renew({ leases: [] }),
        release: () => store.leases.release({ leases: [] }),
        withdraw: () => store.leases.withdraw({ bids: [] }),
      }
      for (const [name, verb] of Object.entries(verbs)) {
        await assert.rejects(
          async () => verb(),
          (error) => {
            assert.ok(QuarterjackError.isInstance(error, 'StoreClosed'), `${name}: expected StoreClosed, got ${String(error)}`)
            return true
          },
          `${name} should be refused`,
        )
      }
    }),
    both('empty batches are answered with empty ones', async (t) => {
      const { schedules, runs, leases } = t.store
      assert.deepEqual((await schedules.register({ registrations: [], ...t.at() })).replies, [])
      assert.deepEqual((await schedules.fire({ firings: [], ...t.at() })).replies, [])
      assert.deepEqual((await schedules.set({ schedules: [], ...t.at() })).replies, [])
      assert.deepEqual((await schedules.remove({ schedules: [] })).removed, [])
      assert.deepEqual((await schedules.get({ schedules: [] })).schedules, [])
      assert.deepEqual((await schedules.suspend({ targets: [], ...t.at() })).changed, [])
      assert.deepEqual((await schedules.retire({ jobs: [], ...t.at() })).replies, [])
      assert.deepEqual((await schedules.load({ jobs: [] })).jobs, [])
      assert.deepEqual((await runs.enqueue({ requests: [], ...t.at() })).replies, [])
      assert.deepEqual((await runs.settle({ owner: 'a', settlements: [], ...t.at() })).replies, [])
      assert.deepEqual((await runs.get({ ids: [] })).runs, [])
      assert.deepEqual((await runs.cancel({ runs: [], ...t.at() })).replies, [])
      assert.deepEqual((await leases.acquire({ bids: [], ...t.at() })).replies, [])
      assert.deepEqual((await leases.renew({ leases: [], ...t.at() })).renewed, [])
      assert.deepEqual((await leases.release({ leases: [], ...t.at() })).released, [])
    }),
    both('records that were handed out cannot change what is kept', async (t) => {
      await define(t, 'mail', { concurrency: 2, schedules: [await scheduleWrite(t, 'mail', '#0')] })
      await addOwner(t, 'a', ['mail'])
      const record = await addSchedule(t, 'mail', 'k')
      await fire(t, [firing(t, record, { skips: [] })])
      await finish(t, await claimOne(t, 'a'), { to: 'retry', delayMs: t.ms(600_000) })
      await t.store.schedules.suspend({ targets: [{ job: 'mail', name: 'k', reason: 'x' }], ...t.at() })
      const id = await enqueue(t, 'mail', { gates: ['mutex:m'], merging: ['1'] })
      const claimed = await claim(t, 'a')
      const ids = [id, ...claimed.map(({ record: { id: claimedId } }) => claimedId)]
      const reads: Readonly<Record<string, () => Promise<unknown>>> = {
        'runs.get': () => t.store.runs.get({ ids }),
        find: () => t.store.runs.find({ job: 'mail', limit: 10 }),
        held: () => t.store.runs.held({ owner: 'a' }),
        gates: () => t.store.runs.gates({}),
        'schedules.get': () => t.store.schedules.get({ schedules: [record] }),
        list: () => t.store.schedules.list({ limit: 10 }),
        load: async () => ({ ...(await t.store.schedules.load({ jobs: ['mail'] })), storeNow: 0 }),
        due: async () => (await t.store.schedules.due({ owner: 'a', limit: 10, ...t.at() })).schedules,
        ledger: () => ledgerOf(t, record),
        stats: async () => ({ ...(await t.store.runs.stats({ jobs: ['mail'], ...t.at() })), storeNow: 0 }),
      }
      const before = new Map<string, string>()
      for (const [name, read] of Object.entries(reads)) before.set(name, JSON.stringify(await read()))
      spoil(claimed)
      for (const [name, read] of Object.entries(reads)) {
        spoil(await read())
        for (const [other, readOther] of Object.entries(reads)) {
          assert.equal(JSON.stringify(await readOther()), before.get(other), `${other} after the answer of ${name} was written to`)
        }
      }
    }),
    both('requests may be changed by their caller afterwards', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const gates = ['mutex:m']
      const request = { ...enqueueRequest(t, 'mail'), gates }
      await enqueueAll(t, [request])
      const write = await scheduleWrite(t, 'mail', 'k')
      await setSchedules(t, write)
      const [run, schedule] = [await getRun(t, request.id), await getSchedule(t, write)]
      gates.push('mutex:n')
      spoil(request)
      const spoilt: { job: string } = write
      spoilt.job = 'spoilt'
      assert.deepEqual(await getRun(t, run.id), run)
      assert.deepEqual(await getSchedule(t, schedule), schedule)
    }),
    both('answers of the same call do not share their arrays with the store', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: ['mutex:m'] })
      const run = await claimOne(t, 'a')
      const copy = structuredClone(run)
      spoil(run)
      const held = present((await t.store.runs.held({ owner: 'a' })).runs[0], 'held run')
      assert.deepEqual(held, copy)
      await finish(t, held)
      assert.equal((await t.store.runs.gates({})).gates.filter((gate) => gate.held > 0).length, 0)
      await grant(t, 'm', 'h')
    }),
  ],
}
