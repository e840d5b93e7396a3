/** Cases: several processes at once, by seeds; no window is refreshed by two, and no mark is lost. */
import assert from 'node:assert/strict'
import type { Random } from '../../../random/random.ts'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { claimHours, commitOf, sendCommit, startWorker } from '../refresh-steps.ts'
import type { Trial } from '../trial.ts'
import {
  collectAll,
  collectOne,
  defineRollup,
  dirtyHours,
  drain,
  emptyDrain,
  groupsOf,
  isDirty,
  markHours,
  numbersOf,
  soilHours,
  stateOf,
  windowsOf,
  type Worker,
} from '../window-steps.ts'

/** What the source holds, and what the last refresh of each hour saw of it. */
interface Data {
  readonly written: Map<number, number>
  readonly seen: Map<number, number>
}

const HOURS = 6
const pick = (random: Random): number => Math.floor(random() * HOURS)

async function writeSome(t: Trial, random: Random, { written }: Data): Promise<void> {
  for (let turn = 0; turn < 12; turn++) {
    const number = pick(random)
    written.set(number, (written.get(number) ?? 0) + 1)
    await markHours(t, [number])
  }
}

async function drainSome(t: Trial): Promise<void> {
  for (let turn = 0; turn < 12; turn++) {
    for (const marked of await collectAll(t, 5)) await drain(t, emptyDrain(marked, { groups: groupsOf(marked) }))
  }
}

/** Reads the data after the claim, as a refresh does; what it read counts once it is committed. */
async function refreshSome(t: Trial, worker: Worker, data: Data): Promise<void> {
  for (let turn = 0; turn < 12; turn++) {
    const claimed = await claimHours(t, worker, (await dirtyHours(t, worker.rollup)).slice(0, 3), 'dirty')
    const read = new Map(numbersOf(claimed).map((number) => [number, data.written.get(number) ?? 0]))
    if (turn % 3 === 0) await dirtyHours(t, worker.rollup)
    const { status } = await sendCommit(t, commitOf(worker, claimed))
    assert.equal(status, 'committed')
    for (const [number, value] of read) data.seen.set(number, value)
  }
}

export const windowContentionCases: CaseGroup = {
  name: 'windows under contention',
  cases: [
    windowed('a window is got by one of many who claim it', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [0, 1, 2, 3])
      const workers: Worker[] = []
      for (const owner of ['a', 'b', 'c', 'd', 'e']) workers.push(await startWorker(t, 'stats', owner))
      const orders = [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [1, 3],
        [2, 0, 1],
        [0, 2, 3],
      ]
      const got = await Promise.all(workers.map((worker, index) => claimHours(t, worker, orders[index] ?? [], 'dirty')))
      assert.deepEqual(got.flatMap(numbersOf).sort(), [0, 1, 2, 3])
    }),
    windowed('of many drains of one collect, one is carried out', async (t) => {
      await defineRollup(t, 'stats')
      await markHours(t, [1])
      const marked = await collectOne(t)
      const drains = Array.from({ length: 5 }, () => drain(t, emptyDrain(marked, { groups: groupsOf(marked) })))
      const statuses = (await Promise.all(drains)).map(({ status }) => status)
      assert.deepEqual(statuses.sort(), ['drained', 'stale', 'stale', 'stale', 'stale'])
    }),
    windowed('of many definitions of one generation, one is written', async (t) => {
      const generation = await defineRollup(t, 'stats')
      const { record } = await stateOf(t, 'stats')
      const { rollup, sources, edges, startAt } = record
      const definitions = Array.from({ length: 5 }, (_, index) =>
        windowsOf(t).define({
          rollups: [{ rollup, sources, edges, startAt, policy: `[${index}]`, hash: `h${index}`, expectedGeneration: generation }],
          ...t.at(),
        }),
      )
      const statuses = (await Promise.all(definitions)).map(({ replies }) => replies[0]?.status)
      assert.deepEqual(statuses.sort(), ['defined', 'stale', 'stale', 'stale', 'stale'])
    }),
    windowed('when marks, drains and refreshes have ended, every refresh saw what was written last', async (t) => {
      for (const seed of t.seeds) {
        const random = t.random(seed)
        const rollup = `stats-${seed}`
        await defineRollup(t, rollup)
        const data: Data = { written: new Map(), seen: new Map() }
        const [a, b] = [await startWorker(t, rollup, `a${seed}`), await startWorker(t, rollup, `b${seed}`)]
        await Promise.all([writeSome(t, random, data), drainSome(t), drainSome(t), refreshSome(t, a, data), refreshSome(t, b, data)])
        await drainSome(t)
        await refreshSome(t, a, data)
        for (let number = 0; number < HOURS; number++) {
          assert.equal(await isDirty(t, rollup, number), false, `hour ${number}, seed ${seed}`)
          assert.equal(data.seen.get(number) ?? 0, data.written.get(number) ?? 0, `hour ${number}, seed ${seed}`)
        }
        await windowsOf(t).forget({ rollups: [rollup] })
      }
    }),
  ],
}
