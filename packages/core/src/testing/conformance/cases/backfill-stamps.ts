/** Cases: what is stamped is still to be done, and a backfill ends when nothing is. */
import assert from 'node:assert/strict'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant } from '../expectations.ts'
import { createBackfill, getBackfill, stamp } from '../backfill-steps.ts'
import { claimAndFail, claimHours, commit, passTo, refresh, startWorker, suspectHour } from '../refresh-steps.ts'
import { finish } from '../run-steps.ts'
import type { Trial } from '../trial.ts'
import {
  defineRollup,
  dirtyHours,
  hour,
  isDirty,
  numbersOf,
  soilHours,
  stateOf,
  watermarkOf,
  windowOf,
  windowRecords,
  windowsOf,
} from '../window-steps.ts'

/** A rollup that is up to date before hour 6. */
async function defineUpToDate(t: Trial): Promise<void> {
  await defineRollup(t, 'stats')
  await passTo(t, 'stats', 6)
}

export const backfillStampCases: CaseGroup = {
  name: 'backfill stamps',
  cases: [
    windowed('stamped windows are listed and claimed as such, and are not dirty', async (t) => {
      await defineUpToDate(t)
      await createBackfill(t, { id: 'b', hours: [0, 6] })
      assert.equal(await stamp(t, 'b', { hours: [1, 3], cursor: 4 }), 'stamped')
      await soilHours(t, [2])
      assertFields(await getBackfill(t, 'b'), { cursor: hour(4).start, stamped: 2, done: 0, exhausted: false })
      assertFields(await windowOf(t, 'stats', 1), { backfill: 'b', dirtySince: null })
      assert.deepEqual(numbersOf(await windowRecords(t, 'stats', 'b')), [1, 3])
      assert.deepEqual(await dirtyHours(t, 'stats'), [2])
      const worker = await startWorker(t, 'stats')
      assert.deepEqual(numbersOf(await claimHours(t, worker, [0, 1, 2, 3], 'stamped')), [1, 3])
    }),
    windowed('a stretch is stamped by compare-and-set on the cursor', async (t) => {
      await defineUpToDate(t)
      await createBackfill(t, { id: 'b', hours: [0, 6] })
      await stamp(t, 'b', { hours: [0], cursor: 2 })
      assert.equal(await stamp(t, 'b', { hours: [1], cursor: 3, expected: 0 }), 'stale')
      assertFields(await getBackfill(t, 'b'), { cursor: hour(2).start, stamped: 1 })
      assert.deepEqual(numbersOf(await windowRecords(t, 'stats')), [0])
      const unknown = { id: 'nothing', expected: hour(0).start, cursor: hour(1).start, windows: [hour(0)] }
      assert.deepEqual((await windowsOf(t).backfills.stamp({ stamps: [unknown], ...t.at() })).replies, ['ended'])
    }),
    windowed('newest first, the cursor goes down to the start of the range', async (t) => {
      await defineUpToDate(t)
      await createBackfill(t, { id: 'b', hours: [1, 5], order: 'newest' })
      await stamp(t, 'b', { hours: [3, 4], cursor: 3 })
      assertFields(await getBackfill(t, 'b'), { cursor: hour(3).start, exhausted: false })
      await stamp(t, 'b', { hours: [1], cursor: 1 })
      assertFields(await getBackfill(t, 'b'), { cursor: hour(1).start, exhausted: true, stamped: 3, state: 'running' })
    }),
    windowed('a backfill is finished when its range is exhausted and no stamp is left', async (t) => {
      await defineUpToDate(t)
      const worker = await startWorker(t, 'stats')
      await createBackfill(t, { id: 'b', hours: [0, 4] })
      await stamp(t, 'b', { hours: [0, 1], cursor: 2 })
      await commit(t, worker, await claimHours(t, worker, [0, 1], 'stamped'))
      assertFields(await getBackfill(t, 'b'), { state: 'running', stamped: 2, done: 2, finishedAt: null })
      await stamp(t, 'b', { hours: [2, 3], cursor: 4 })
      assertFields(await getBackfill(t, 'b'), { state: 'running', exhausted: true })
      await refresh(t, worker, [3])
      assertFields(await getBackfill(t, 'b'), { state: 'running', done: 3 })
      const last = await t.timed(() => refresh(t, worker, [2]))
      const { finishedAt, ...ended } = await getBackfill(t, 'b')
      assertFields(ended, { state: 'finished', stamped: 4, done: 4, failed: 0 })
      assertInstant(finishedAt, last)
      assert.deepEqual(await windowRecords(t, 'stats'), [])
    }),
    windowed('a backfill that selects nothing is finished at the end of its range', async (t) => {
      await defineUpToDate(t)
      await createBackfill(t, { id: 'b', hours: [0, 4] })
      await stamp(t, 'b', { hours: [], cursor: 2 })
      assert.equal((await getBackfill(t, 'b')).state, 'running')
      await stamp(t, 'b', { hours: [], cursor: 4 })
      assertFields(await getBackfill(t, 'b'), { state: 'finished', exhausted: true, stamped: 0, finishedAt: await t.now() })
    }),
    windowed('every refresh of a stamped window counts, whatever it was claimed for', async (t) => {
      await defineUpToDate(t)
      const worker = await startWorker(t, 'stats')
      await soilHours(t, [1])
      await createBackfill(t, { id: 'b', hours: [0, 6] })
      await stamp(t, 'b', { hours: [1, 2], cursor: 6 })
      await commit(t, worker, await claimHours(t, worker, [1], 'dirty'))
      assertFields(await getBackfill(t, 'b'), { done: 1, state: 'running' })
      await suspectHour(t, worker, 2)
      assertFields(await getBackfill(t, 'b'), { done: 2, state: 'finished' })
    }),
    windowed('a stamp that comes while its window is refreshed stays for the next refresh', async (t) => {
      await defineUpToDate(t)
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [1])
      await createBackfill(t, { id: 'b', hours: [0, 6] })
      await stamp(t, 'b', { hours: [1], cursor: 6 })
      await commit(t, worker, claimed)
      assertFields(await getBackfill(t, 'b'), { done: 0, state: 'running' })
      await commit(t, worker, await claimHours(t, worker, [1], 'stamped'))
      assertFields(await getBackfill(t, 'b'), { done: 1, state: 'finished' })
    }),
    windowed('a claim that comes again, or late, takes no stamp for seen that came after the first', async (t) => {
      await defineUpToDate(t)
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [1])
      await createBackfill(t, { id: 'b', hours: [0, 6] })
      await stamp(t, 'b', { hours: [1], cursor: 6 })
      await claimHours(t, worker, [1])
      await commit(t, worker, claimed)
      assertFields(await getBackfill(t, 'b'), { done: 0, state: 'running' })
    }),
    windowed('a stamped window that is given up counts as failed, one that is tried again stays stamped', async (t) => {
      await defineUpToDate(t)
      const worker = await startWorker(t, 'stats')
      await createBackfill(t, { id: 'b', hours: [0, 6] })
      await stamp(t, 'b', { hours: [1, 2], cursor: 6 })
      await claimAndFail(t, worker, [1], 0)
      assertFields(await getBackfill(t, 'b'), { failed: 0, done: 0 })
      assert.equal((await windowOf(t, 'stats', 1)).backfill, 'b')
      await claimAndFail(t, worker, [1])
      assertFields(await getBackfill(t, 'b'), { failed: 1, state: 'running' })
      assertFields(await windowOf(t, 'stats', 1), { backfill: null, retryAt: null })
      await refresh(t, worker, [2])
      assertFields(await getBackfill(t, 'b'), { failed: 1, done: 1, stamped: 2, state: 'finished' })
    }),
    windowed('suspects and what was given up begin anew when they are stamped', async (t) => {
      await defineUpToDate(t)
      const worker = await startWorker(t, 'stats')
      await claimAndFail(t, worker, [1])
      await suspectHour(t, worker, 2)
      await createBackfill(t, { id: 'b', hours: [0, 6] })
      await stamp(t, 'b', { hours: [1, 2], cursor: 6 })
      assertFields(await windowOf(t, 'stats', 1), { attempts: 0, error: null })
      assertFields(await windowOf(t, 'stats', 2), { suspect: null })
      assertFields((await stateOf(t, 'stats')).counts, { failed: 0, suspect: 0 })
      assert.deepEqual(numbersOf(await claimHours(t, worker, [1, 2], 'stamped')), [1, 2])
    }),
    windowed('a stamp outlives the run that worked on it, and later marks', async (t) => {
      await defineUpToDate(t)
      const worker = await startWorker(t, 'stats', 'a')
      await createBackfill(t, { id: 'b', hours: [0, 6] })
      await stamp(t, 'b', { hours: [1], cursor: 6 })
      await claimHours(t, worker, [1], 'stamped')
      await finish(t, worker.run, { to: 'dead', reason: 'forgot it' })
      await soilHours(t, [1])
      const other = await startWorker(t, 'stats', 'b')
      await commit(t, other, await claimHours(t, other, [1], 'stamped'))
      assertFields(await getBackfill(t, 'b'), { done: 1, state: 'finished' })
      assert.equal(await isDirty(t, 'stats', 1), false)
    }),
    windowed('a backfill ahead of the watermark completes windows as any refresh does', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await createBackfill(t, { id: 'b', hours: [0, 2], order: 'newest' })
      await stamp(t, 'b', { hours: [0, 1], cursor: 0 })
      assert.equal(await watermarkOf(t, 'stats'), 0, 'a stamp completes nothing')
      await commit(t, worker, await claimHours(t, worker, [1, 0], 'stamped'))
      assert.equal(await watermarkOf(t, 'stats'), 2)
      assert.equal((await getBackfill(t, 'b')).state, 'finished')
    }),
  ],
}
