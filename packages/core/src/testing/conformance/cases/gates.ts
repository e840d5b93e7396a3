/** Cases: job concurrency, keys and mutexes bound what runs at once. */
import assert from 'node:assert/strict'
import { jobGate, keyGate, mutexGate } from '../../../store/gates.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertGatesSound, present } from '../expectations.ts'
import {
  addOwner,
  cancel,
  claim,
  claimIds,
  claimOne,
  claimRecords,
  enqueue,
  enqueueMany,
  finish,
  gate,
  heldAt,
  LEASE_END,
  SHORT_LEASE,
  shortLease,
} from '../run-steps.ts'
import { define } from '../schedule-steps.ts'

const M = mutexGate('m')

export const gateCases: CaseGroup = {
  name: 'gates',
  cases: [
    both('a job runs at most as often as its concurrency allows', async (t) => {
      await define(t, 'mail', { concurrency: 2 })
      await addOwner(t, 'a', ['mail'])
      const ids = await enqueueMany(t, 'mail', 5, { gates: [jobGate('mail')] })
      const first = await claimRecords(t, 'a')
      assert.equal(first.length, 2)
      assertFields(present(await gate(t, jobGate('mail')), 'gate'), { limit: 2, held: 2, holders: 2 })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await finish(t, present(first[0], 'run'))
      const third = await claimOne(t, 'a')
      assert.ok(ids.includes(third.id))
      await assertGatesSound(t)
    }),
    both('runs of one key run one at a time, keys side by side', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const k = await enqueueMany(t, 'mail', 2, { key: 'k', gates: [keyGate('mail', 'k')] })
      const l = await enqueueMany(t, 'mail', 2, { key: 'l', gates: [keyGate('mail', 'l')] })
      const first = await claimRecords(t, 'a')
      assert.deepEqual(first.map((run) => run.key).sort(), ['k', 'l'])
      for (const run of first) await finish(t, run)
      const rest = await claimRecords(t, 'a')
      assert.deepEqual([...first, ...rest].map((run) => run.id).sort(), [...k, ...l].sort())
    }),
    both('a mutex holds over jobs', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'b', ['report'])
      await enqueue(t, 'mail', { gates: [M] })
      const held = await claimOne(t, 'a')
      const other = await enqueue(t, 'report', { gates: [M] })
      assert.deepEqual(await claimIds(t, 'b'), [])
      await finish(t, held)
      assert.deepEqual(await claimIds(t, 'b'), [other])
    }),
    both('every way to end an attempt frees its gates', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      for (const then of [
        { to: 'succeeded', result: null },
        { to: 'retry', delayMs: t.ms(600_000) },
        { to: 'dead', reason: 'x' },
        { to: 'cancelled', reason: 'x' },
        { to: 'skipped', reason: 'handler: nothing to do' },
        { to: 'released' },
      ] as const) {
        await enqueue(t, 'mail', { gates: [M] })
        const run = await claimOne(t, 'a', { limit: 1 })
        assert.equal(await heldAt(t, M), 1)
        await finish(t, run, then)
        assert.equal(await heldAt(t, M), 0, `after ${then.to}`)
        if (then.to === 'released') await cancel(t, run.id)
      }
      await assertGatesSound(t)
    }),
    both('a clean leave and a takeover free gates', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: [M] })
      await claimOne(t, 'a')
      await t.store.runs.leave({ owner: 'a', ...t.at() })
      assert.equal(await heldAt(t, M), 0)
      await addOwner(t, 'b', ['mail'], SHORT_LEASE)
      await claimOne(t, 'b', shortLease(t))
      assert.equal(await heldAt(t, M), 1)
      await enqueue(t, 'mail', { gates: [M] })
      assert.deepEqual(await claimIds(t, 'b', shortLease(t)), [])
      await t.pass(LEASE_END)
      await addOwner(t, 'c', ['mail'])
      assert.equal(await heldAt(t, M), 0)
      assert.equal((await claimIds(t, 'c')).length, 1, 'one of the two runs')
      assert.deepEqual(await claimIds(t, 'c'), [])
      await assertGatesSound(t)
    }),
    both('a lowered limit holds for new claims', async (t) => {
      const generation = await define(t, 'mail', { concurrency: 3 })
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 5, { gates: [jobGate('mail')] })
      const running = await claimRecords(t, 'a')
      assert.equal(running.length, 3)
      await define(t, 'mail', { hash: 'v2', expectedGeneration: generation, concurrency: 1 })
      for (const run of running) {
        assert.deepEqual(await claimIds(t, 'a'), [])
        await finish(t, run)
      }
      assert.equal((await claim(t, 'a')).length, 1)
      assert.equal(await heldAt(t, jobGate('mail')), 1)
    }),
    both('gates() lists what is held or waited at, or what is asked for', async (t) => {
      await define(t, 'mail', { concurrency: 2 })
      await addOwner(t, 'a', ['mail'])
      assert.deepEqual((await t.store.runs.gates({})).gates, [])
      await enqueue(t, 'mail', { gates: [jobGate('mail'), M] })
      const run = await claimOne(t, 'a')
      const { gates } = await t.store.runs.gates({})
      assert.deepEqual(gates.map((found) => [found.gate, found.held, found.holders, found.limit]).sort(), [
        [jobGate('mail'), 1, 1, 2],
        [M, 1, 1, 1],
      ])
      const asked = await t.store.runs.gates({ names: [M] })
      assert.deepEqual(
        asked.gates.map((found) => found.gate),
        [M],
      )
      await finish(t, run)
      assert.equal(await heldAt(t, M), 0)
    }),
    given('many claimers never exceed a limit, and everything gets its turn', async (t) => {
      for (const seed of t.seeds) {
        const random = t.random(seed)
        const job = `mail${seed}`
        await define(t, job, { concurrency: 3 })
        const ids: string[] = []
        for (let index = 0; index < 24; index++) {
          const key = `k${Math.floor(random() * 4)}`
          const gates = [jobGate(job), keyGate(job, key), ...(random() < 0.3 ? [mutexGate(`m${seed}`)] : [])].sort()
          ids.push(await enqueue(t, job, { key, gates, priority: Math.floor(random() * 3) }))
        }
        const owners = ['a', 'b', 'c', 'd'].map((name) => `${name}${seed}`)
        for (const owner of owners) await addOwner(t, owner, [job])
        const done = new Set<string>()
        for (let round = 0; round < 60 && done.size < ids.length; round++) {
          await Promise.all(owners.map((owner) => claim(t, owner, { limit: 4 })))
          const running = (await Promise.all(owners.map((owner) => t.store.runs.held({ owner })))).flatMap((held) => held.runs)
          const counts = new Map<string, number>()
          for (const name of running.flatMap((run) => run.gates)) counts.set(name, (counts.get(name) ?? 0) + 1)
          for (const [name, count] of counts) {
            assert.ok(count <= (name === jobGate(job) ? 3 : 1), `${count} runs hold ${name}`)
            assert.equal(await heldAt(t, name), count)
          }
          assert.ok(running.length > 0, `nothing runs although ${ids.length - done.size} runs are left`)
          const ending = running.filter(() => random() < 0.6)
          await Promise.all((ending.length > 0 ? ending : running.slice(0, 1)).map((run) => finish(t, run).then(() => done.add(run.id))))
        }
        assert.equal(done.size, ids.length, 'all runs ended')
        await assertGatesSound(t)
      }
    }),
  ],
}
