/** Debouncing where the conformance suite leaves room, and where the memory store must not slip. */
import { describe, expect, it } from 'vitest'
import { mutexGate } from '../../src/store/gates.ts'
import type { Debounce, EnqueueReply, EnqueueRequest } from '../../src/store/runs.ts'
import {
  addOwner,
  claimIds,
  claimOne,
  enqueue,
  enqueueAll,
  enqueueRequest,
  finish,
  getRun,
  statesOf,
  trigger,
} from '../../src/testing/conformance/run-steps.ts'
import { addSchedule, define, fireNext } from '../../src/testing/conformance/schedule-steps.ts'
import type { Trial } from '../../src/testing/conformance/trial.ts'
import { memoryTrial } from './trial.ts'

const M = mutexGate('m')

async function indexJob(): Promise<Trial> {
  const t = await memoryTrial()
  await define(t, 'index')
  await addOwner(t, 'p', ['index'])
  return t
}

function debounced(t: Trial, options: Partial<Debounce> = {}, over: Partial<EnqueueRequest> = {}): Promise<EnqueueReply> {
  const debounce = { waitMs: 1_000, maxWaitMs: null, leading: false, trailing: true, merge: 'last', ...options } as const
  return trigger(t, 'index', { key: 'k', ...over, debounce })
}

describe('debounce', () => {
  it('opens a window of waitMs with a leading run, and runs once at its end, whatever comes', async () => {
    const t = await indexJob()
    const start = await t.now()
    await debounced(t, { leading: true })
    await t.pass(300)
    const trail = await debounced(t, { leading: true })
    await t.pass(600)
    expect(await debounced(t, { leading: true })).toMatchObject({ outcome: 'coalesced', id: trail.id })
    expect((await getRun(t, trail.id)).runAt).toBe(start + 1_000)
    await t.pass(100)
    expect(await debounced(t, { leading: true }), 'its window is over, but nobody claimed it yet').toMatchObject({ outcome: 'coalesced' })
    expect((await getRun(t, trail.id)).runAt).toBe(start + 1_000)
  })

  it('starts a trailing run no later than maxWait after its first trigger', async () => {
    const t = await indexJob()
    const start = await t.now()
    await debounced(t, { leading: true, maxWaitMs: 200 })
    await t.pass(300)
    const trail = await debounced(t, { leading: true, maxWaitMs: 200 })
    expect((await getRun(t, trail.id)).runAt).toBe(start + 500)
  })

  it('counts dropped triggers with the run that led', async () => {
    const t = await indexJob()
    const lead = await debounced(t, { leading: true, trailing: false })
    await debounced(t, { leading: true, trailing: false }, { triggers: 3 })
    expect((await getRun(t, lead.id)).triggers).toBe(4)
  })

  it('takes the same request in once, though its reply was lost', async () => {
    const t = await indexJob()
    const first = await debounced(t)
    const again = enqueueRequest(t, 'index', {
      key: 'k',
      debounce: { waitMs: 1_000, maxWaitMs: null, leading: false, trailing: true, merge: 'last' },
    })
    for (let round = 0; round < 3; round++) {
      expect(await enqueueAll(t, [again])).toMatchObject([{ outcome: 'coalesced', id: first.id }])
    }
    expect((await getRun(t, first.id)).triggers).toBe(2)
    await t.pass(1_000)
    await finish(t, await claimOne(t, 'p'))
    expect(await enqueueAll(t, [again]), 'also when the run has ended').toMatchObject([{ outcome: 'coalesced', id: first.id }])
  })

  it('does not count a run that nobody claimed yet as running', async () => {
    const t = await indexJob()
    await debounced(t)
    expect((await trigger(t, 'index', { key: 'k', skipWhenBusy: true })).outcome).toBe('created')
    const schedule = await addSchedule(t, 'index', 'q')
    await debounced(t, {}, { key: 'q' })
    expect((await fireNext(t, schedule, { overlap: 'queue', queueLimit: 0 })).state).toBe('pending')
  })

  it('goes on taking triggers in while it waits at a gate, and leaves the gate when it is put off', async () => {
    const t = await indexJob()
    await enqueue(t, 'index', { gates: [M] })
    const holder = await claimOne(t, 'p')
    const open = await debounced(t, { waitMs: 0 }, { gates: [M] })
    const behind = await enqueue(t, 'index', { gates: [M] })
    expect(await claimIds(t, 'p')).toEqual([])
    expect(await statesOf(t, [open.id, behind])).toEqual(['waiting', 'waiting'])
    expect(await debounced(t, { waitMs: 0 }, { gates: [M] })).toMatchObject({ outcome: 'coalesced', id: open.id })
    expect(await statesOf(t, [open.id])).toEqual(['waiting'])
    await finish(t, holder)
    expect(await statesOf(t, [open.id, behind])).toEqual(['pending', 'waiting'])
    await debounced(t, { waitMs: 1_000 }, { gates: [M] })
    expect(await statesOf(t, [behind]), 'its chance went to the next').toEqual(['pending'])
    expect(await claimIds(t, 'p')).toEqual([behind])
    await t.pass(1_000)
    expect(await claimIds(t, 'p')).toEqual([])
    expect(await getRun(t, open.id)).toMatchObject({ state: 'waiting', open: true, triggers: 3 })
  })

  it('keeps the highest priority of its triggers', async () => {
    const t = await indexJob()
    const run = await debounced(t, {}, { priority: 1 })
    await debounced(t, {}, { priority: 5 })
    await debounced(t, {}, { priority: 3 })
    expect((await getRun(t, run.id)).priority).toBe(5)
  })
})
