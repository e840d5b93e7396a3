/** Dead runs that are replayed together: each once, however often it is asked for. */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineJob, type RunHandle } from '../../src/index.ts'
import { oldestFirst } from '../../src/scheduler/oldest-first.ts'
import type { RunRecord } from '../../src/store/records.ts'
import { type ManualScheduler, manualScheduler } from '../../src/testing/manual-scheduler.ts'

const isFine = new Set<number>()
const job = defineJob({
  name: 'job',
  payload: z.number(),
  keep: { succeeded: 0, dead: 1_000 },
  run: ({ payload }) => {
    if (!isFine.has(payload)) throw new Error('no')
  },
})

/** With a dead run of each payload. */
async function withDead(payloads: readonly number[]): Promise<{ manual: ManualScheduler; ids: readonly string[] }> {
  isFine.clear()
  const manual = manualScheduler({ jobs: [job], logger: false })
  await manual.start()
  const ids: string[] = []
  for (const payload of payloads) {
    ids.push((await manual.scheduler.trigger(job, payload)).id)
    await manual.advance('1s')
  }
  return { manual, ids }
}

describe('runs.replayAll', () => {
  it('replays what goes on failing once per call, not once per dead run of it', async () => {
    const { manual, ids } = await withDead([1])
    await using _ = manual
    const { runs } = manual.scheduler
    let last = ids[0]
    for (let call = 1; call <= 5; call++) {
      const made = await runs.replayAll({ job })
      expect(made).toHaveLength(1)
      // The newest of the chain, not its ancestors.
      expect(await runs.get(made[0]?.id ?? '')).toMatchObject({ replayOf: last })
      last = made[0]?.id
      await manual.advance('1s')
    }
    expect(await runs.find({ state: 'dead' })).toHaveLength(6)
  })

  it('leaves alone what was replayed with success, also when that replay is no longer kept, and by whom it was replayed', async () => {
    const { manual, ids } = await withDead([1, 2])
    await using _ = manual
    const { runs } = manual.scheduler
    isFine.add(1).add(2)
    const single = await runs.replay(ids[0] as string)
    const together = await runs.replayAll({ job })
    expect(together).toHaveLength(1)
    await manual.advance('2m')
    expect([await runs.get(single.id), await runs.get((together[0] as RunHandle).id)]).toEqual([null, null])
    expect(await runs.replayAll({ job })).toEqual([])
    await manual.advance('20d')
    expect(await runs.find({ state: 'dead' })).toHaveLength(2)
    expect(await runs.replayAll({})).toEqual([])
  })

  it('does not wait for the end of a replay under way', async () => {
    const { manual } = await withDead([1])
    await using _ = manual
    await manual.scheduler.suspend(job, 'to keep it pending')
    expect(await manual.scheduler.runs.replayAll({ job })).toHaveLength(1)
    expect(await manual.scheduler.runs.replayAll({ job })).toEqual([])
  })

  it('is shared by all who ask at once, oldest first and within the limit', async () => {
    const { manual, ids } = await withDead([1, 2, 3, 4])
    await using _ = manual
    const { runs } = manual.scheduler
    isFine.add(1).add(2).add(3).add(4)
    await runs.replay(ids[1] as string)
    const both = await Promise.all([runs.replayAll({ limit: 2 }), runs.replayAll({ limit: 2 })])
    const replayed = await Promise.all(both.flat().map(async ({ id }) => ids.indexOf((await runs.get(id))?.replayOf ?? '')))
    expect([...replayed].sort()).toEqual([0, 2, 3].slice(0, replayed.length))
    expect(replayed).toHaveLength(new Set(replayed).size)
    const rest = await runs.replayAll({ job })
    expect(both.flat().length + rest.length).toBe(3)
    expect(await runs.replayAll({})).toEqual([])
  })

  it('goes behind what was replayed already to reach its limit', async () => {
    const { manual, ids } = await withDead([1, 2, 3])
    await using _ = manual
    const { runs } = manual.scheduler
    await runs.replayAll({ limit: 2 })
    const [third] = await runs.replayAll({ limit: 1 })
    expect(await runs.get(third?.id ?? '')).toMatchObject({ replayOf: ids[2] })
  })

  it('replays all of them again where it is asked to', async () => {
    const { manual } = await withDead([1, 2])
    await using _ = manual
    const { runs } = manual.scheduler
    isFine.add(1).add(2)
    expect(await runs.replayAll({ job, again: true })).toHaveLength(2)
    await manual.advance('1s')
    expect(await runs.replayAll({ job })).toEqual([])
    expect(await runs.replayAll({ job, again: true })).toHaveLength(2)
    expect(await runs.replayAll({ job, again: true, limit: 1 })).toHaveLength(1)
  })

  it('keeps to the times that it is given', async () => {
    const { manual, ids } = await withDead([1, 2, 3])
    await using _ = manual
    const { runs } = manual.scheduler
    const second = (await runs.get(ids[1] as string))?.createdAt as Date
    const made = await runs.replayAll({ job, createdAfter: second.getTime() - 1, createdBefore: second.getTime() + 1 })
    expect(await Promise.all(made.map(async ({ id }) => (await runs.get(id))?.replayOf))).toEqual([ids[1]])
  })
})

describe('oldestFirst', () => {
  const kept = (count: number): RunRecord[] => Array.from({ length: count }, (_, index) => ({ id: `r-${index}` }) as RunRecord)

  const gathered = async (lots: AsyncIterable<readonly string[]>): Promise<(readonly string[])[]> => {
    const all: (readonly string[])[] = []
    for await (const lot of lots) all.push(lot)
    return all
  }

  /** Pages of what is kept, newest first; counts the records that were read. */
  function reader(records: RunRecord[]) {
    const read = { count: 0 }
    const find = async ({ after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<RunRecord[]> => {
      const newest = records.toReversed()
      const from = after === undefined ? 0 : newest.findIndex(({ id }) => id === after) + 1
      const page = newest.slice(from, from + limit)
      read.count += page.length
      return page
    }
    return { find, read }
  }

  it.each([0, 1, 199, 200, 201, 1_000])('%i of them come in one lot', async (count) => {
    const { find, read } = reader(kept(count))
    const lots = await gathered(oldestFirst(find, { limit: 1 }))
    expect(lots.flat()).toEqual(kept(count).map(({ id }) => id))
    expect([lots.length, read.count]).toEqual([1, count])
  })

  it('holds a bounded number of them, and yields each once', async () => {
    const { find, read } = reader(kept(1_000))
    const lots = await gathered(oldestFirst(find, { limit: 1 }, 300))
    expect(lots.map(({ length }) => length)).toEqual([300, 300, 300, 100])
    expect(lots.flat()).toEqual(kept(1_000).map(({ id }) => id))
    // Each time only what is newer, to the end of its page.
    expect(read.count).toBeLessThan(1_000 + 800 + 600 + 400)
  })

  it('leaves what comes meanwhile', async () => {
    const records = kept(700)
    const { find } = reader(records)
    const ids: string[] = []
    for await (const lot of oldestFirst(find, { limit: 1 }, 300)) {
      ids.push(...lot)
      records.push(...lot.map((id) => ({ id: `replay of ${id}` }) as RunRecord))
    }
    expect(ids).toEqual(kept(700).map(({ id }) => id))
  })

  it('reads no more than what is asked for', async () => {
    const { find, read } = reader(kept(1_000))
    for await (const lot of oldestFirst(find, { limit: 1 }, 300)) {
      expect(lot[0]).toBe('r-0')
      break
    }
    expect(read.count).toBe(1_000)
  })
})
