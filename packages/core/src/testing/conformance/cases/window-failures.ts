/** Cases: refreshes that fail are tried again later, or given up, and block nothing else. */
import assert from 'node:assert/strict'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { assertFields } from '../expectations.ts'
import { BROKEN, claimAndFail, claimHours, endWorker, fail, refresh, startWorker } from '../refresh-steps.ts'
import {
  defineRollup,
  dirtyHours,
  isDirty,
  numbersOf,
  rollupOf,
  signed,
  soilHours,
  stateOf,
  watermarkOf,
  windowOf,
  windowsOf,
} from '../window-steps.ts'

export const windowFailureCases: CaseGroup = {
  name: 'window failures',
  cases: [
    windowed('a window that failed is free, and not refreshed again before its time', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [2])
      const worker = await startWorker(t, 'stats')
      await claimAndFail(t, worker, [2], 60_000)
      const retryAt = (await t.now()) + 60_000
      assertFields(await windowOf(t, 'stats', 2), { attempts: 1, error: BROKEN, retryAt, runId: null })
      assertFields(await stateOf(t, 'stats'), { dirty: [], nextRetryAt: retryAt })
      assertFields((await stateOf(t, 'stats')).counts, { dirty: 1, held: 0 })
      await t.pass(59_999)
      assert.deepEqual(await dirtyHours(t, 'stats'), [])
      await t.pass(1)
      assert.deepEqual(await dirtyHours(t, 'stats'), [2])
      assert.equal((await stateOf(t, 'stats')).nextRetryAt, null)
    }),
    windowed('failures in a row are counted', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [2])
      const worker = await startWorker(t, 'stats')
      const { dirtySince } = await windowOf(t, 'stats', 2)
      for (const attempts of [1, 2, 3]) {
        await t.pass(1_000)
        await claimAndFail(t, worker, [2], 0)
        assertFields(await windowOf(t, 'stats', 2), { attempts, dirtySince })
      }
    }),
    windowed('a window that was given up stays dirty, and is offered no more', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [2, 3])
      const worker = await startWorker(t, 'stats')
      await claimAndFail(t, worker, [2])
      await t.pass(1_000_000)
      const state = await stateOf(t, 'stats')
      assert.deepEqual(await dirtyHours(t, 'stats'), [3])
      assertFields(state, { nextRetryAt: null, oldestMarkAt: (await windowOf(t, 'stats', 2)).dirtySince })
      assertFields(state.counts, { dirty: 2, failed: 1 })
      assertFields(await windowOf(t, 'stats', 2), { attempts: 1, error: BROKEN, retryAt: null })
    }),
    windowed('a window that failed holds the watermark, and only that', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await claimAndFail(t, worker, [1])
      await refresh(t, worker, [0, 2])
      assert.equal(await watermarkOf(t, 'stats'), 1)
      await refresh(t, worker, [1])
      assert.equal(await watermarkOf(t, 'stats'), 3)
    }),
    windowed('a failure is told by the holder alone', async (t) => {
      await defineRollup(t, 'stats')
      const [worker, other] = [await startWorker(t, 'stats', 'a'), await startWorker(t, 'stats', 'b')]
      await claimHours(t, worker, [1])
      await claimHours(t, other, [2])
      assert.equal(await fail(t, worker, [1, 2]), 'stale')
      assertFields(await windowOf(t, 'stats', 1), { attempts: 0, error: null, runId: worker.run.id })
      assertFields(await windowOf(t, 'stats', 2), { attempts: 0, error: null, runId: other.run.id })
      await endWorker(t, worker)
      assert.equal(await fail(t, worker, [1]), 'stale')
      assertFields(await windowOf(t, 'stats', 1), { attempts: 0, error: null })
    }),
    windowed('a failure that is told twice is written once', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await claimAndFail(t, worker, [1], 60_000)
      const window = await windowOf(t, 'stats', 1)
      await t.pass(1_000)
      assert.equal(await fail(t, worker, [1], 60_000), 'failed')
      assert.deepEqual(await windowOf(t, 'stats', 1), window)
      assert.equal(await fail(t, worker, [1, 2], 60_000), 'stale')
      // Whoever took it since is not told that it failed.
      const other = await startWorker(t, 'stats', 'b')
      await claimHours(t, other, [1])
      assert.equal(await fail(t, worker, [1], 60_000), 'failed')
      assertFields(await windowOf(t, 'stats', 1), { attempts: 1, runId: other.run.id })
      // Nor is the same run, of what it took again and refreshed.
      await claimHours(t, worker, [3])
      await refresh(t, worker, [3])
      assert.equal(await fail(t, worker, [3]), 'stale')
      await endWorker(t, worker)
      assert.equal(await fail(t, worker, [1], 60_000), 'stale')
    }),
    windowed('a failure for a rollup that was defined anew is refused', async (t) => {
      const generation = await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await claimHours(t, worker, [1])
      await defineRollup(t, 'stats', { hash: 'v2', expectedGeneration: generation })
      assert.equal(await fail(t, worker, [1]), 'redefined')
      assertFields(await windowOf(t, 'stats', 1), { attempts: 0, error: null })
    }),
    windowed('windows of one call fail each in its own way, and the rest stays held', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const [first, second] = await claimHours(t, worker, [1, 2, 3])
      const windows = [
        { start: first?.start ?? 0, error: BROKEN, retryDelayMs: 5_000 },
        { start: second?.start ?? 0, error: { ...BROKEN, message: 'timeout' }, retryDelayMs: null },
      ]
      const { replies } = await windowsOf(t).fail({ failures: [{ ...signed(worker), windows, pace: '[3]' }], ...t.at() })
      assert.deepEqual(replies, ['failed'])
      assertFields(await windowOf(t, 'stats', 1), { retryAt: (await t.now()) + 5_000, error: BROKEN })
      assertFields(await windowOf(t, 'stats', 2), { retryAt: null, error: { ...BROKEN, message: 'timeout' } })
      assertFields(await windowOf(t, 'stats', 3), { error: null, runId: worker.run.id })
      assert.equal((await rollupOf(t, 'stats')).pace, '[3]')
    }),
    windowed('a window that failed is for others to take', async (t) => {
      await defineRollup(t, 'stats')
      await claimAndFail(t, await startWorker(t, 'stats', 'a'), [1], 0)
      const other = await startWorker(t, 'stats', 'b')
      assert.deepEqual(numbersOf(await claimHours(t, other, [1], 'dirty')), [1])
      assert.equal(await isDirty(t, 'stats', 1), true)
    }),
    windowed('a window that is to be tried again keeps its time when it is marked', async (t) => {
      await defineRollup(t, 'stats')
      await claimAndFail(t, await startWorker(t, 'stats'), [1], 60_000)
      const retryAt = (await t.now()) + 60_000
      await soilHours(t, [1])
      assertFields(await windowOf(t, 'stats', 1), { attempts: 1, retryAt })
      assert.deepEqual(await dirtyHours(t, 'stats'), [])
    }),
  ],
}
