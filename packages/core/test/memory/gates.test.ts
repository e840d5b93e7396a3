/** Waiting at gates: nobody is forgotten, nobody is passed, and room is always used. */
import { describe, expect, it } from 'vitest'
import { jobGate, keyGate, mutexGate } from '../../src/store/gates.ts'
import { grant, release } from '../../src/testing/conformance/lease-steps.ts'
import {
  addOwner,
  cancel,
  claimAtOnce,
  claimIds,
  claimOne,
  enqueue,
  enqueueAll,
  enqueueMany,
  enqueueRequest,
  finish,
  gate,
  LEASE_END,
  SHORT_LEASE,
  shortLease,
  statesOf,
} from '../../src/testing/conformance/run-steps.ts'
import { define } from '../../src/testing/conformance/schedule-steps.ts'
import type { Trial } from '../../src/testing/conformance/trial.ts'
import { memoryTrial } from './trial.ts'

const A = mutexGate('a')
const B = mutexGate('b')

async function mailJob(): Promise<Trial> {
  const t = await memoryTrial()
  await define(t, 'mail')
  await addOwner(t, 'p', ['mail'])
  return t
}

describe('waiting at gates', () => {
  it('hands a chance on within the claim that could not use it', async () => {
    const t = await mailJob()
    await enqueue(t, 'mail', { gates: [A] })
    const holderOfA = await claimOne(t, 'p')
    const [needsBoth, needsA] = [await enqueue(t, 'mail', { gates: [A, B] }), await enqueue(t, 'mail', { gates: [A] })]
    expect(await claimIds(t, 'p')).toEqual([])
    expect(await statesOf(t, [needsBoth, needsA])).toEqual(['waiting', 'waiting'])
    await enqueue(t, 'mail', { gates: [B] })
    await claimOne(t, 'p')
    await finish(t, holderOfA)
    // The first in line is let go, but its other gate is full by now.
    expect(await statesOf(t, [needsBoth, needsA])).toEqual(['pending', 'waiting'])
    expect(await claimIds(t, 'p')).toEqual([needsA])
    expect(await statesOf(t, [needsBoth])).toEqual(['waiting'])
  })

  it('hands the chance of a cancelled run on at once', async () => {
    const t = await mailJob()
    await enqueue(t, 'mail', { gates: [A] })
    const holder = await claimOne(t, 'p')
    const ids = await enqueueMany(t, 'mail', 2, { gates: [A] })
    await claimIds(t, 'p')
    await finish(t, holder)
    expect(await statesOf(t, ids)).toEqual(['pending', 'waiting'])
    await cancel(t, ids[0] ?? '')
    expect(await statesOf(t, ids)).toEqual(['cancelled', 'pending'])
  })

  it('lets the next one go too when the head of the line is a suspect', async () => {
    const t = await mailJob()
    await addOwner(t, 'q', ['mail'], SHORT_LEASE)
    const [free, blocked] = [await enqueue(t, 'mail'), await enqueue(t, 'mail', { gates: [A], priority: 1 })]
    await claimIds(t, 'q', shortLease(t))
    await t.pass(LEASE_END)
    const lease = await grant(t, 'a', 'h')
    expect(await claimIds(t, 'p')).toEqual([free])
    const plain = await enqueueMany(t, 'mail', 2, { gates: [A] })
    expect(await claimIds(t, 'p')).toEqual([])
    expect(await statesOf(t, [blocked, ...plain])).toEqual(['waiting', 'waiting', 'waiting'])
    await release(t, lease)
    // The only process holds a suspect: it may not claim the other one.
    expect(await statesOf(t, [blocked, ...plain])).toEqual(['pending', 'pending', 'waiting'])
    expect(await claimIds(t, 'p')).toEqual([plain[0]])
    expect(await statesOf(t, [blocked, ...plain])).toEqual(['pending', 'running', 'waiting'])
  })

  it('lets one run of each job go, and takes nothing from the others when one is claimed', async () => {
    const t = await mailJob()
    await define(t, 'report')
    await addOwner(t, 'p', ['mail', 'report'])
    await enqueue(t, 'mail', { gates: [A] })
    const holder = await claimOne(t, 'p')
    const mails = await enqueueMany(t, 'mail', 2, { gates: [A] })
    const reports = await enqueueMany(t, 'report', 2, { gates: [A] })
    await claimIds(t, 'p')
    await finish(t, holder)
    expect(await statesOf(t, [...mails, ...reports])).toEqual(['pending', 'waiting', 'pending', 'waiting'])
    expect(await claimIds(t, 'p')).toHaveLength(1)
    expect((await statesOf(t, [...mails, ...reports])).filter((state) => state === 'waiting')).toHaveLength(3)
  })

  it('serves the higher priority first, then the earlier runAt, then age', async () => {
    const t = await mailJob()
    const now = await t.now()
    await enqueue(t, 'mail', { gates: [A] })
    let holder = await claimOne(t, 'p')
    const late = await enqueue(t, 'mail', { gates: [A], runAt: now - 1 })
    const early = await enqueue(t, 'mail', { gates: [A], runAt: now - 5 })
    const alike = await enqueue(t, 'mail', { gates: [A], runAt: now - 5 })
    const urgent = await enqueue(t, 'mail', { gates: [A], priority: 1 })
    await claimIds(t, 'p')
    const order: string[] = []
    for (let round = 0; round < 4; round++) {
      await finish(t, holder)
      holder = await claimOne(t, 'p')
      order.push(holder.id)
    }
    expect(order).toEqual([urgent, early, alike, late])
  })

  it('does not let a claim at once pass those who wait', async () => {
    const t = await mailJob()
    await define(t, 'report')
    await addOwner(t, 'p', ['mail', 'report'])
    await enqueue(t, 'mail', { gates: [A] })
    const holder = await claimOne(t, 'p')
    const waiting = await enqueue(t, 'mail', { gates: [A] })
    await claimIds(t, 'p')
    await finish(t, holder)
    const [newcomer] = await enqueueAll(t, [enqueueRequest(t, 'report', { gates: [A] })], claimAtOnce(t, 'p'))
    expect(newcomer?.claimed).toBeUndefined()
    expect(await claimIds(t, 'p', { limit: 1 })).toEqual([waiting])
  })

  it('does not let a claim at once pass older runs of the job, unless it has the higher priority', async () => {
    const t = await mailJob()
    await enqueue(t, 'mail')
    const requests = [enqueueRequest(t, 'mail'), enqueueRequest(t, 'mail', { priority: 1 })]
    const replies = await enqueueAll(t, requests, claimAtOnce(t, 'p'))
    expect(replies.map((reply) => reply.claimed !== undefined)).toEqual([false, true])
  })

  it('sends no more runs to wait at a full job gate than the claim asked for, and none behind one that waits', async () => {
    const t = await memoryTrial()
    await define(t, 'mail', { concurrency: 1 })
    await addOwner(t, 'p', ['mail'])
    await enqueueMany(t, 'mail', 10, { gates: [jobGate('mail')] })
    expect(await claimIds(t, 'p', { limit: 4 })).toHaveLength(1)
    expect(await gate(t, jobGate('mail'))).toMatchObject({ held: 1, waiting: 3 })
    await claimIds(t, 'p', { limit: 4 })
    expect(await gate(t, jobGate('mail'))).toMatchObject({ held: 1, waiting: 3 })
  })

  it('counts holders of a job gate while the job has no limit, so that a later one holds for them', async () => {
    const t = await memoryTrial()
    const generation = await define(t, 'mail', { concurrency: null })
    await addOwner(t, 'p', ['mail'])
    await enqueueMany(t, 'mail', 3, { gates: [jobGate('mail')] })
    expect(await claimIds(t, 'p')).toHaveLength(3)
    expect(await gate(t, jobGate('mail'))).toMatchObject({ held: 3, holders: 3, limit: Number.MAX_SAFE_INTEGER })
    await define(t, 'mail', { hash: 'v2', expectedGeneration: generation, concurrency: 3 })
    await enqueue(t, 'mail', { gates: [jobGate('mail')] })
    expect(await claimIds(t, 'p')).toEqual([])
  })

  it('skips a slot whose key runs, even if another gate is full too', async () => {
    const t = await mailJob()
    await enqueue(t, 'mail', { key: 'k', gates: [keyGate('mail', 'k'), A] })
    await claimOne(t, 'p')
    const id = await enqueue(t, 'mail', { key: 'k', trigger: 'schedule', overlap: 'skip', gates: [keyGate('mail', 'k'), A] })
    expect(await claimIds(t, 'p')).toEqual([])
    expect(await statesOf(t, [id])).toEqual(['skipped'])
  })

  it('wakes for the end of a lease that runs wait for', async () => {
    const t = await mailJob()
    const lease = await grant(t, 'a', 'h', { leaseMs: 5_000 })
    const idle = await t.store.runs.claim({ ...claimAtOnce(t, 'p'), ...t.at() })
    expect(idle.nextExpiryAt).toBeNull()
    await enqueue(t, 'mail', { gates: [A] })
    const waits = await t.store.runs.claim({ ...claimAtOnce(t, 'p'), ...t.at() })
    expect(waits.nextExpiryAt).toBe((await t.now()) + 5_000)
    await release(t, lease)
    expect(await claimIds(t, 'p')).toHaveLength(1)
  })
})
