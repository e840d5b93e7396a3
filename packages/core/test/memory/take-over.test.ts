/** The end of owners: what is taken over, given back, counted and told. */
import { describe, expect, it } from 'vitest'
import {
  addOwner,
  cancel,
  claim,
  claimOne,
  claimRecords,
  enqueue,
  enqueueMany,
  finish,
  getRun,
  LEASE_END,
  renew,
  SHORT_LEASE,
  shortLease,
  statesOf,
} from '../../src/testing/conformance/run-steps.ts'
import { define } from '../../src/testing/conformance/schedule-steps.ts'
import type { Trial } from '../../src/testing/conformance/trial.ts'
import { memoryTrial } from './trial.ts'

async function mailJob(): Promise<Trial> {
  const t = await memoryTrial()
  await define(t, 'mail')
  await addOwner(t, 'watcher', [])
  return t
}

async function dieWith(t: Trial, owner: string): Promise<void> {
  await addOwner(t, owner, ['mail'], SHORT_LEASE)
  expect(await claim(t, owner, shortLease(t))).not.toHaveLength(0)
  await t.pass(LEASE_END)
  await renew(t, 'watcher')
}

describe('the end of an owner', () => {
  it('is final for its id, whether it left or died', async () => {
    const t = await mailJob()
    await addOwner(t, 'a', ['mail'], SHORT_LEASE)
    await addOwner(t, 'b', ['mail'], SHORT_LEASE)
    await t.store.runs.leave({ owner: 'a', ...t.at() })
    await t.pass(LEASE_END)
    for (const owner of ['a', 'b']) expect((await renew(t, owner)).status).toBe('dead')
  })

  it('comes with its lease, though nobody took over yet: it is never revived', async () => {
    const t = await mailJob()
    await addOwner(t, 'a', ['mail'], SHORT_LEASE)
    const id = await enqueue(t, 'mail')
    await claimOne(t, 'a', shortLease(t))
    await t.pass(SHORT_LEASE)
    expect((await renew(t, 'a')).status).toBe('dead')
    expect(await statesOf(t, [id])).toEqual(['pending'])
  })

  it('is told by the next renewal, also when a claim found it', async () => {
    const t = await mailJob()
    await addOwner(t, 'a', ['mail'], SHORT_LEASE)
    await addOwner(t, 'b', ['mail'])
    await enqueueMany(t, 'mail', 2)
    await claim(t, 'a', shortLease(t))
    await t.pass(LEASE_END)
    expect(await claim(t, 'b')).toHaveLength(1)
    expect((await renew(t, 'a')).expired, 'a dead owner is told nothing').toEqual([])
    expect((await renew(t, 'watcher')).expired).toEqual([{ owner: 'a', runs: 2 }])
    expect((await renew(t, 'b')).expired).toEqual([])
  })

  it('does not lose a cancel that was asked for', async () => {
    const t = await mailJob()
    const asked = async (owner: string): Promise<string> => {
      const id = await enqueue(t, 'mail')
      await addOwner(t, owner, ['mail'], SHORT_LEASE)
      const run = await claimOne(t, owner, shortLease(t))
      expect(await cancel(t, run.id, 'stop it')).toBe('requested')
      expect(await cancel(t, run.id, 'again')).toBe('requested')
      return id
    }
    const left = await asked('a')
    await t.store.runs.leave({ owner: 'a', ...t.at() })
    const died = await asked('b')
    await t.pass(LEASE_END)
    await renew(t, 'watcher')
    const id = await enqueue(t, 'mail')
    await addOwner(t, 'c', ['mail'])
    const failed = await claimOne(t, 'c')
    await cancel(t, id, 'stop it')
    await finish(t, failed, { to: 'retry', delayMs: 0 })
    for (const ended of [left, died, id])
      expect(await getRun(t, ended)).toMatchObject({ state: 'cancelled', reason: 'stop it', owner: null })
    expect((await getRun(t, died)).attempts).toMatchObject([{ outcome: 'abandoned' }])
    expect((await getRun(t, id)).attempts).toMatchObject([{ outcome: 'failed' }])
    expect((await getRun(t, left)).attempts).toEqual([])
  })

  it('counts no crash against a process that said before that it goes on', async () => {
    const t = await mailJob()
    const id = await enqueue(t, 'mail')
    await dieWith(t, 'a')
    await addOwner(t, 'b', ['mail'], SHORT_LEASE)
    await claimOne(t, 'b', shortLease(t))
    await renew(t, 'b-again', { survived: 'b' })
    await t.pass(LEASE_END)
    await renew(t, 'watcher')
    expect(await getRun(t, id)).toMatchObject({ state: 'pending', suspect: true, crashes: 0 })
  })

  it('ends a suspicion with any attempt that ends otherwise, and keeps the count of crashes', async () => {
    const t = await mailJob()
    const id = await enqueue(t, 'mail')
    await dieWith(t, 'a')
    await dieWith(t, 'b')
    await addOwner(t, 'c', ['mail'])
    await finish(t, await claimOne(t, 'c'), { to: 'retry', delayMs: 0 })
    expect(await getRun(t, id)).toMatchObject({ suspect: false, crashes: 1, failures: 1 })
    await t.store.runs.leave({ owner: 'c', ...t.at() })
    await dieWith(t, 'd')
    expect(await getRun(t, id)).toMatchObject({ suspect: true, crashes: 1 })
  })

  it('keeps a suspicion over a clean end', async () => {
    const t = await mailJob()
    const id = await enqueue(t, 'mail')
    await dieWith(t, 'a')
    await addOwner(t, 'b', ['mail'])
    await claimOne(t, 'b')
    await t.store.runs.leave({ owner: 'b', ...t.at() })
    expect(await getRun(t, id)).toMatchObject({ suspect: true, crashes: 0 })
  })

  it('lets suspects start before others, so that a crash finds its culprit', async () => {
    const t = await mailJob()
    const id = await enqueue(t, 'mail', { priority: -1 })
    await dieWith(t, 'a')
    await enqueueMany(t, 'mail', 3)
    await addOwner(t, 'b', ['mail'])
    const claimed = await claim(t, 'b', { limit: 4, start: 1 })
    expect(claimed.map((run) => [run.record.id === id, run.started])).toEqual([
      [true, true],
      [false, false],
      [false, false],
      [false, false],
    ])
  })

  it('leaves a prefetched run that never started as it was', async () => {
    const t = await mailJob()
    const id = await enqueue(t, 'mail')
    await addOwner(t, 'a', ['mail'])
    await finish(t, await claimOne(t, 'a'), { to: 'retry', delayMs: 0 })
    const before = await getRun(t, id)
    await addOwner(t, 'b', ['mail'], SHORT_LEASE)
    const [run] = await claimRecords(t, 'b', { ...shortLease(t), limit: 1, start: 0 })
    expect(run).toMatchObject({ attempt: 2, startedAt: null })
    await t.pass(LEASE_END)
    await renew(t, 'watcher')
    const after = await getRun(t, id)
    expect(after).toEqual({ ...before, fence: after.fence })
  })
})
