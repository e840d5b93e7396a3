/** Pruning: rules that come and change, ranges that wait for a count, and specs that are not needed any more. */
import { describe, expect, it } from 'vitest'
import { assertLedgerSound, only } from '../../src/testing/conformance/expectations.ts'
import { addOwner, claimOne, enqueue, finish, statesOf } from '../../src/testing/conformance/run-steps.ts'
import {
  addSchedule,
  define,
  fire,
  fireNext,
  firing,
  getSchedule,
  ledgerOf,
  scheduleWrite,
  setSchedules,
  specText,
} from '../../src/testing/conformance/schedule-steps.ts'
import type { Trial } from '../../src/testing/conformance/trial.ts'
import { memoryTrial } from './trial.ts'

const K = { job: 'mail', name: 'k' }

async function mailJob(): Promise<Trial> {
  const t = await memoryTrial()
  await define(t, 'mail')
  await addOwner(t, 'p', ['mail'], 1_000_000_000)
  return t
}

async function prune(t: Trial, succeeded: number, limit = 100): Promise<{ pruned: number; more: boolean }> {
  return t.store.runs.prune({ rules: [{ job: 'mail', succeeded, dead: 50, forMs: 1_000_000_000 }], limit, ...t.at() })
}

async function endedRuns(t: Trial, keys: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = []
  for (const key of keys) {
    ids.push(await enqueue(t, 'mail', { key }))
    await finish(t, await claimOne(t, 'p', { leaseMs: 1_000_000_000 }))
  }
  return ids
}

describe('prune', () => {
  it('finds what became too much since the last call, key by key', async () => {
    const t = await mailJob()
    expect(await prune(t, 1)).toEqual({ pruned: 0, more: false })
    const ids = await endedRuns(t, ['k', 'l', 'k', 'k', 'm'])
    expect(await prune(t, 1)).toEqual({ pruned: 2, more: false })
    expect(await statesOf(t, ids)).toEqual([null, 'succeeded', null, 'succeeded', 'succeeded'])
    expect(await prune(t, 1)).toEqual({ pruned: 0, more: false })
  })

  it('applies a changed rule to what was kept before', async () => {
    const t = await mailJob()
    await endedRuns(t, ['k', 'k', 'k', 'l', 'l'])
    expect((await prune(t, 10)).pruned).toBe(0)
    expect(await prune(t, 1, 2)).toEqual({ pruned: 2, more: true })
    expect(await prune(t, 1, 2)).toEqual({ pruned: 1, more: false })
    expect((await prune(t, 0)).pruned).toBe(2)
  })

  it('folds a range once it is counted, and those behind it before', async () => {
    const t = await mailJob()
    await addSchedule(t, 'mail', 'k')
    for (const count of [null, 3, 5]) {
      const record = await getSchedule(t, K)
      const slot = record.nextSlot as number
      await fire(t, [firing(t, record, { runs: [], skips: [{ reason: 'misfire', from: slot, to: slot, count }] })])
    }
    expect((await prune(t, 0)).pruned).toBe(2)
    const left = only((await ledgerOf(t, K)).skips, 'ranges')
    expect((await prune(t, 0)).pruned).toBe(0)
    await t.store.schedules.countSkips({ ...K, counts: [{ id: left.id, count: 4 }] })
    expect((await prune(t, 0)).pruned).toBe(1)
    expect(await getSchedule(t, K)).toMatchObject({ slots: 12, folded: { 'skipped:misfire': 12 } })
  })

  it('forgets specs that only pruned slots came from, unless a range still needs one', async () => {
    const t = await mailJob()
    await addSchedule(t, 'mail', 'k')
    await fireNext(t, K)
    await finish(t, await claimOne(t, 'p', { leaseMs: 1_000_000_000 }))
    const change = async (variant: number): Promise<void> => {
      const asOf = (await getSchedule(t, K)).nextSlot as number
      await setSchedules(t, await scheduleWrite(t, 'mail', 'k', { spec: specText(variant), asOf }))
    }
    await change(1)
    await change(2)
    await fireNext(t, K)
    await finish(t, await claimOne(t, 'p', { leaseMs: 1_000_000_000 }))
    expect((await getSchedule(t, K)).history.map(({ generation }) => generation)).toEqual([1, 2])
    await prune(t, 0)
    expect(
      (await getSchedule(t, K)).history.map(({ generation }) => generation),
      'two superseded ranges are not counted',
    ).toEqual([1, 2])
    const { skips } = await ledgerOf(t, K)
    await t.store.schedules.countSkips({ ...K, counts: skips.map(({ id }) => ({ id, count: 1 })) })
    expect((await getSchedule(t, K)).history).toEqual([])
    await assertLedgerSound(t, K)
  })

  it('bounds the specs that are kept, and says from where on slots can be enumerated', async () => {
    const t = await mailJob()
    const record = await addSchedule(t, 'mail', 'k')
    for (let version = 1; version <= 150; version++) {
      const asOf = record.cursor + version
      await setSchedules(t, await scheduleWrite(t, 'mail', 'k', { spec: specText(version), asOf }))
    }
    const { history, horizon } = await getSchedule(t, K)
    expect(history).toHaveLength(100)
    expect(horizon).toBe((history[0]?.until as number) - 1)
  })

  it('lets find go on after a run that was pruned meanwhile', async () => {
    const t = await mailJob()
    const ids = await endedRuns(t, ['a', 'b', 'b', 'c'])
    await prune(t, 1)
    expect(await statesOf(t, ids)).toEqual(['succeeded', null, 'succeeded', 'succeeded'])
    const { runs } = await t.store.runs.find({ job: 'mail', after: ids[1], limit: 10 })
    expect(runs.map((run) => run.id)).toEqual([ids[0]])
  })
})
