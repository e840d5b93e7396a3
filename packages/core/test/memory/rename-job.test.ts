/** A job under a new name: running and waiting work, gates, and what came under the new name before. */
import { describe, expect, it } from 'vitest'
import { jobGate, keyGate, mutexGate } from '../../src/store/gates.ts'
import { assertGatesSound, assertLedgerSound } from '../../src/testing/conformance/expectations.ts'
import { addOwner, claimIds, claimOne, enqueue, finish, gate, getRun, heldAt, trigger } from '../../src/testing/conformance/run-steps.ts'
import { addSchedule, define, dueNames, fireNext, getSchedule, ledgerOf } from '../../src/testing/conformance/schedule-steps.ts'
import type { Trial } from '../../src/testing/conformance/trial.ts'
import { memoryTrial } from './trial.ts'

const gatesOf = (job: string): string[] => [jobGate(job), keyGate(job, 'k'), mutexGate('m')]

async function rename(t: Trial, concurrency: number | null = 2): Promise<void> {
  await define(t, 'new', { renamedFrom: 'old', concurrency })
}

describe('a renamed job', () => {
  it('keeps its gates, for runs that run, wait, are pending or are stuck', async () => {
    const t = await memoryTrial()
    await define(t, 'old', { concurrency: 2 })
    await addOwner(t, 'p', ['old', 'new'])
    await enqueue(t, 'old', { key: 'k', gates: gatesOf('old') })
    const running = await claimOne(t, 'p')
    const waiting = await enqueue(t, 'old', { key: 'k', gates: gatesOf('old') })
    expect(await claimIds(t, 'p')).toEqual([])
    await enqueue(t, 'old', { gates: [jobGate('old')] })
    const stuck = await claimOne(t, 'p')
    await finish(t, stuck, { to: 'dead', reason: 'x' }, { outcome: 'timedOut', holdGates: true })
    await rename(t)
    expect((await getRun(t, running.id)).gates).toEqual(gatesOf('new'))
    expect((await getRun(t, waiting)).gates).toEqual(gatesOf('new'))
    expect(await gate(t, jobGate('new'))).toMatchObject({ held: 2, holders: 2, limit: 2 })
    expect([await heldAt(t, jobGate('old')), await heldAt(t, keyGate('new', 'k')), await heldAt(t, mutexGate('m'))]).toEqual([0, 1, 1])
    expect(await claimIds(t, 'p'), 'its key still runs').toEqual([])
    await finish(t, running)
    expect(await claimIds(t, 'p')).toEqual([waiting])
    await t.store.runs.releaseGates({ owner: 'p', runs: [{ runId: stuck.id, fence: stuck.fence }], ...t.at() })
    expect(await gate(t, jobGate('new'))).toMatchObject({ held: 1, holders: 1 })
    await assertGatesSound(t)
  })

  it('is claimed by processes that know the new name only', async () => {
    const t = await memoryTrial()
    await define(t, 'old')
    await addOwner(t, 'before', ['old'])
    await addOwner(t, 'after', ['new'])
    const id = await enqueue(t, 'old')
    await addSchedule(t, 'old', 's')
    await rename(t)
    expect([await claimIds(t, 'before'), await dueNames(t, 'before')]).toEqual([[], []])
    expect([await claimIds(t, 'after'), await dueNames(t, 'after')]).toEqual([[id], ['new/s']])
  })

  it('takes in what came under the new name before', async () => {
    const t = await memoryTrial()
    await define(t, 'old')
    await addOwner(t, 'p', ['new'])
    const own = await addSchedule(t, 'old', 'own')
    await fireNext(t, own)
    const early = await addSchedule(t, 'new', 'early')
    const done = await fireNext(t, early)
    await finish(t, await claimOne(t, 'p'))
    await fireNext(t, early, { overlap: 'allow' })
    const running = await enqueue(t, 'new', { key: 'k', gates: gatesOf('new') })
    await claimIds(t, 'p', { limit: 2 })
    const open = await trigger(t, 'new', {
      debounce: { waitMs: 1_000, maxWaitMs: null, leading: false, trailing: true, merge: 'last' },
      idempotency: { key: 'i', ttlMs: 60_000 },
    })
    await rename(t)
    expect((await t.store.runs.find({ job: 'new', limit: 10 })).runs).toHaveLength(5)
    expect((await getRun(t, done.id)).state).toBe('succeeded')
    expect(await getSchedule(t, { job: 'new', name: 'early' })).toMatchObject({ slots: 2, incarnation: early.incarnation })
    expect((await ledgerOf(t, { job: 'new', name: 'early' })).runs).toHaveLength(2)
    for (const name of ['own', 'early']) await assertLedgerSound(t, { job: 'new', name })
    expect(await trigger(t, 'new', { idempotency: { key: 'i', ttlMs: 60_000 } })).toMatchObject({ outcome: 'duplicate', id: open.id })
    expect(await gate(t, keyGate('new', 'k'))).toMatchObject({ held: 1, holders: 1 })
    await finish(t, await getRun(t, running))
    await assertGatesSound(t)
    const { stats } = { stats: (await t.store.runs.stats({ jobs: ['new', 'old'], ...t.at() })).jobs }
    expect(stats.map(({ pending, running: now, schedules }) => [pending, now, schedules])).toEqual([
      [2, 1, 2],
      [0, 0, 0],
    ])
  })

  it('keeps its own schedule where both names had one', async () => {
    const t = await memoryTrial()
    await define(t, 'old')
    const own = await addSchedule(t, 'old', 's')
    await addSchedule(t, 'new', 's')
    await rename(t)
    expect((await getSchedule(t, { job: 'new', name: 's' })).incarnation).toBe(own.incarnation)
  })

  it('is not renamed by a registration that is stale', async () => {
    const t = await memoryTrial()
    await define(t, 'old')
    await t.store.schedules.register({
      registrations: [
        { job: 'new', hash: 'v1', expectedGeneration: 7, concurrency: null, rateLimit: null, schedules: [], renamedFrom: 'old' },
      ],
      ...t.at(),
    })
    expect((await t.store.schedules.load({ jobs: ['old', 'new'] })).jobs.map(({ job }) => job)).toEqual(['old'])
  })
})
