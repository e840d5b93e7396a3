/** Cases: what planning reads, and watermarks that move without a refresh. */
import assert from 'node:assert/strict'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { assertFields } from '../expectations.ts'
import { claimAndFail, claimHours, passTo, refresh, startWorker, suspectHour } from '../refresh-steps.ts'
import {
  collectOne,
  defineRollup,
  dirtyHours,
  drain,
  emptyDrain,
  groupsOf,
  hour,
  markHours,
  numbersOf,
  rollupOf,
  soilHours,
  stateOf,
  watermarkOf,
  windowRecords,
  windowsOf,
} from '../window-steps.ts'

export const windowStateCases: CaseGroup = {
  name: 'window state',
  cases: [
    windowed('states come in the order asked, null for what is unknown', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'other')
      const rollups = ['other', 'nothing', 'stats'].map((rollup) => ({ rollup, limit: 10 }))
      const { states } = await windowsOf(t).state({ rollups, ...t.at() })
      assert.deepEqual(
        states.map((state) => state?.record.rollup ?? null),
        ['other', null, 'stats'],
      )
    }),
    windowed('the oldest change comes first, by its mark and not by its window', async (t) => {
      await defineRollup(t, 'stats')
      for (const number of [5, 1, 3]) {
        await markHours(t, [number])
        await t.pass(1_000)
      }
      await soilHours(t, [4])
      await soilHours(t, [5])
      assert.deepEqual(await dirtyHours(t, 'stats'), [5, 1, 3, 4])
    }),
    windowed('windows that nobody is to refresh now are counted, and not offered', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await claimAndFail(t, worker, [1])
      await claimAndFail(t, worker, [2], 60_000)
      await suspectHour(t, worker, 3)
      await claimHours(t, worker, [4])
      await soilHours(t, [5])
      const state = await stateOf(t, 'stats')
      assert.deepEqual(numbersOf(state.dirty), [5])
      assertFields(state.counts, { dirty: 4, held: 1, suspect: 1 })
    }),
    windowed('records ahead begin at the watermark, page by page', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await refresh(t, worker, [0, 1])
      await soilHours(t, [0, 2, 6])
      await refresh(t, worker, [4])
      const { ahead, more } = await stateOf(t, 'stats')
      assert.deepEqual({ hours: numbersOf(ahead), more }, { hours: [2, 4, 6], more: false })
      const first = await stateOf(t, 'stats', { limit: 2 })
      assert.deepEqual({ hours: numbersOf(first.ahead), more: first.more }, { hours: [2, 4], more: true })
      const rest = await stateOf(t, 'stats', { limit: 2, after: hour(4).start })
      assert.deepEqual({ hours: numbersOf(rest.ahead), more: rest.more }, { hours: [6], more: false })
      const last = await stateOf(t, 'stats', { limit: 3 })
      assert.deepEqual({ hours: numbersOf(last.ahead), more: last.more }, { hours: [2, 4, 6], more: false })
    }),
    windowed('the oldest mark is of what waits in the log and of what is dirty', async (t) => {
      await defineRollup(t, 'stats')
      await markHours(t, [2])
      const marked = await collectOne(t)
      await t.pass(1_000)
      await markHours(t, [3])
      const dirtiedAt = marked.marks[0]?.markedAt ?? null
      assert.equal((await stateOf(t, 'stats')).oldestMarkAt, dirtiedAt)
      await drain(t, emptyDrain(marked, { groups: groupsOf(marked) }))
      assertFields(await stateOf(t, 'stats'), { oldestMarkAt: dirtiedAt, hasMarks: true })
      await refresh(t, await startWorker(t, 'stats'), [2])
      assert.equal((await stateOf(t, 'stats')).oldestMarkAt, (dirtiedAt ?? 0) + 1_000)
    }),
    windowed('a list is of windows that start in the range, by start', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [7, 2, 5, 3])
      const list = async (from: number, to: number, limit: number): Promise<readonly number[]> =>
        numbersOf((await windowsOf(t).list({ rollup: 'stats', from: hour(from).start, to: hour(to).start, limit })).windows)
      assert.deepEqual(await list(3, 7, 10), [3, 5])
      assert.deepEqual(await list(2, 8, 3), [2, 3, 5])
      assert.deepEqual((await windowsOf(t).list({ rollup: 'nothing', from: 0, to: hour(9).start, limit: 10 })).windows, [])
    }),
    windowed('a watermark passes over windows that need no refresh', async (t) => {
      await defineRollup(t, 'stats')
      assert.equal(await passTo(t, 'stats', 4), true)
      assert.equal(await watermarkOf(t, 'stats'), 4)
    }),
    windowed('a pass compares the watermark and the generation', async (t) => {
      const generation = await defineRollup(t, 'stats')
      await passTo(t, 'stats', 2)
      assert.equal(await passTo(t, 'stats', 4, { expected: hour(1).start }), false)
      assert.equal(await passTo(t, 'stats', 4, { generation: generation + 1 }), false)
      assert.equal(await passTo(t, 'stats', 4, { rollup: 'stats', expected: hour(3).start }), false)
      const nothing = { rollup: 'nothing', generation, expected: hour(2).start, through: hour(4).start, expired: false }
      assert.deepEqual((await windowsOf(t).pass({ passes: [nothing], ...t.at() })).passed, [false])
      assert.equal(await watermarkOf(t, 'stats'), 2)
    }),
    windowed('a pass stops at nothing but a record that is not complete', async (t) => {
      await defineRollup(t, 'stats')
      await refresh(t, await startWorker(t, 'stats'), [1])
      await soilHours(t, [3])
      assert.equal(await passTo(t, 'stats', 4), false)
      assert.equal(await watermarkOf(t, 'stats'), 0)
      assert.equal(await passTo(t, 'stats', 3), true, 'up to it')
      assert.equal(await watermarkOf(t, 'stats'), 3)
      assert.deepEqual(await dirtyHours(t, 'stats'), [3])
    }),
    windowed('behind a pass, the watermark moves on over what is complete', async (t) => {
      await defineRollup(t, 'stats')
      await refresh(t, await startWorker(t, 'stats'), [2, 3, 5])
      await passTo(t, 'stats', 2)
      assert.equal(await watermarkOf(t, 'stats'), 4)
      assert.deepEqual(numbersOf(await windowRecords(t, 'stats')), [5])
    }),
    windowed('windows past what is kept lose their records, unless they are held', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await soilHours(t, [1, 2])
      await claimAndFail(t, worker, [1])
      assert.equal(await passTo(t, 'stats', 4, { expired: true }), true)
      assert.equal((await rollupOf(t, 'stats')).watermark, hour(4).start)
      assert.deepEqual(await windowRecords(t, 'stats'), [])
      await claimHours(t, worker, [4])
      await soilHours(t, [5])
      await passTo(t, 'stats', 6, { expired: true })
      assert.ok(numbersOf(await windowRecords(t, 'stats')).includes(4), 'it is held')
    }),
  ],
}
