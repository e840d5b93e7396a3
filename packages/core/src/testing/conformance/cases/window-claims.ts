/** Cases: a window is held by a run, for as long as that run runs under its fence. */
import assert from 'node:assert/strict'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { assertFields } from '../expectations.ts'
import { bidFor, claimHours, commit, commitOf, endWorker, fail, REFRESH, refresh, sendCommit, startWorker } from '../refresh-steps.ts'
import { addOwner, claimOne, finish, getRun, LEASE_END, SHORT_LEASE } from '../run-steps.ts'
import {
  defineRollup,
  dirtyHours,
  hour,
  isDirty,
  numbersOf,
  rollupOf,
  soilHours,
  stateOf,
  windowBid,
  windowOf,
  windowRecords,
  windowsOf,
} from '../window-steps.ts'

export const windowClaimCases: CaseGroup = {
  name: 'window claims',
  cases: [
    windowed('windows are given in the order asked, as they are', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [3, 3], { kind: 'removed' })
      const { seq } = await windowOf(t, 'stats', 3)
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [5, 3, 4])
      assert.deepEqual(numbersOf(claimed), [5, 3, 4])
      assert.deepEqual(claimed[1], { ...hour(3), seq, removed: true })
      assertFields(await windowOf(t, 'stats', 3), { runId: worker.run.id, fence: worker.run.fence })
    }),
    windowed('what one run holds no other gets, and it can be asked for again', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [2, 3, 4])
      const [a, b] = [await startWorker(t, 'stats', 'a'), await startWorker(t, 'stats', 'b')]
      assert.deepEqual(numbersOf(await claimHours(t, a, [2, 3])), [2, 3])
      assert.deepEqual(numbersOf(await claimHours(t, b, [2, 3, 4])), [4])
      assert.deepEqual(numbersOf(await claimHours(t, b, [2, 3, 4], 'dirty')), [4], 'a repeated claim gives the same')
      assert.deepEqual(await dirtyHours(t, 'stats'), [])
      assertFields((await stateOf(t, 'stats')).counts, { dirty: 3, held: 3 })
    }),
    windowed('a claim that comes again, or late, leaves what the run holds as it was taken', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const early = { ...windowBid(0), dueAt: (await t.now()) + 1 }
      const taken = (await bidFor(t, worker, [early])).windows
      await t.pass(1)
      assert.deepEqual(numbersOf((await bidFor(t, worker, [early])).windows), [0])
      await commit(t, worker, taken)
      assertFields(await rollupOf(t, 'stats'), { watermark: hour(0).start })
      await refresh(t, worker, [0])
      assertFields(await rollupOf(t, 'stats'), { watermark: hour(1).start })
    }),
    windowed('a mark that is drained between a claim and the same one again keeps its window from being given up', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await claimHours(t, worker, [1])
      await soilHours(t, [1])
      await claimHours(t, worker, [1])
      assert.equal(await fail(t, worker, [1]), 'failed')
      assertFields(await windowOf(t, 'stats', 1), { error: null, attempts: 0 })
      assert.deepEqual(await dirtyHours(t, 'stats'), [1])
    }),
    windowed('runs of one call do not get the same window', async (t) => {
      await defineRollup(t, 'stats')
      const workers = [await startWorker(t, 'stats', 'a'), await startWorker(t, 'stats', 'b')]
      const claims = workers.map(({ run, rollup, generation }) => ({
        rollup,
        generation,
        runId: run.id,
        fence: run.fence,
        windows: [windowBid(1), windowBid(2)],
      }))
      const { replies } = await windowsOf(t).claim({ claims, ...t.at() })
      assert.deepEqual(
        replies.map(({ windows }) => numbersOf(windows)),
        [[1, 2], []],
      )
    }),
    windowed('only dirty windows are got as dirty', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [2])
      const worker = await startWorker(t, 'stats')
      await refresh(t, worker, [3])
      assert.deepEqual(numbersOf(await claimHours(t, worker, [1, 2, 3], 'dirty')), [2])
    }),
    windowed('missing is what ends after the watermark and is not complete', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await refresh(t, worker, [0, 1, 3])
      await soilHours(t, [0, 5])
      const got = numbersOf(await claimHours(t, worker, [0, 1, 2, 3, 4, 5, 9], 'missing'))
      assert.deepEqual(got, [2, 4, 5, 9])
    }),
    windowed('any window is got as any', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await refresh(t, worker, [0, 3])
      assert.deepEqual(numbersOf(await claimHours(t, worker, [0, 3, 7])), [0, 3, 7])
    }),
    windowed('a window that is held is dirty until its refresh is committed', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [2])
      assert.equal(await isDirty(t, 'stats', 2), true)
      await commit(t, worker, claimed)
      assert.equal(await isDirty(t, 'stats', 2), false)
    }),
    windowed('a run that is not running under its fence gets nothing', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const { run } = worker
      for (const stranger of [
        { ...run, fence: run.fence - 1 },
        { ...run, fence: run.fence + 1 },
        { ...run, id: t.nextId() },
      ]) {
        assert.deepEqual(await bidFor(t, { ...worker, run: stranger }, [windowBid(1)]), { status: 'stale', windows: [] })
      }
      await endWorker(t, worker)
      assert.deepEqual(await bidFor(t, worker, [windowBid(1)]), { status: 'stale', windows: [] })
      assert.deepEqual(await windowRecords(t, 'stats'), [])
    }),
    windowed('a run that knows another definition gets nothing', async (t) => {
      const generation = await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await defineRollup(t, 'stats', { hash: 'v2', expectedGeneration: generation })
      assert.deepEqual(await bidFor(t, worker, [windowBid(1)]), { status: 'redefined', windows: [] })
      assert.deepEqual(await bidFor(t, { ...worker, rollup: 'nothing' }, [windowBid(1)]), { status: 'redefined', windows: [] })
    }),
    windowed('a run that ended without a word leaves its windows free, and dirty', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats', 'a')
      await claimHours(t, worker, [1, 2])
      await finish(t, worker.run, { to: 'dead', reason: 'forgot them' })
      assertFields(await windowOf(t, 'stats', 1), { runId: null })
      assert.deepEqual(await dirtyHours(t, 'stats'), [1, 2])
      assertFields((await stateOf(t, 'stats')).counts, { held: 0, dirty: 2 })
      assert.deepEqual(numbersOf(await claimHours(t, await startWorker(t, 'stats', 'b'), [1, 2], 'dirty')), [1, 2])
    }),
    windowed('a run that is tried again does not hold what it held', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [1])
      await finish(t, worker.run, { to: 'retry', delayMs: 0 })
      const run = await claimOne(t, 'a', { limit: 1 })
      assert.equal(run.id, worker.run.id)
      assertFields(await windowOf(t, 'stats', 1), { runId: null })
      assert.equal((await sendCommit(t, commitOf(worker, claimed))).status, 'stale', 'under the former fence')
      const again = { ...worker, run }
      assert.equal((await sendCommit(t, commitOf(again, claimed))).status, 'stale', 'under a fence that claimed nothing')
      await commit(t, again, await claimHours(t, again, [1], 'dirty'))
    }),
    windowed('a claim takes over from owners whose lease ended', async (t) => {
      await defineRollup(t, 'stats')
      const lost = await startWorker(t, 'stats', 'lost', SHORT_LEASE)
      await claimHours(t, lost, [1, 2])
      const worker = await startWorker(t, 'stats', 'b')
      assert.deepEqual(await claimHours(t, worker, [1, 2]), [], 'while the lease lasts')
      await t.pass(LEASE_END)
      assert.deepEqual(numbersOf(await claimHours(t, worker, [1, 2])), [1, 2])
      assertFields(await getRun(t, lost.run.id), { state: 'pending' })
    }),
    windowed('an abandoned run commits nothing, not even when it is claimed anew', async (t) => {
      await defineRollup(t, 'stats')
      const lost = await startWorker(t, 'stats', 'lost', SHORT_LEASE)
      const claimed = await claimHours(t, lost, [0, 1])
      await t.pass(LEASE_END)
      await addOwner(t, 'b', [REFRESH])
      const run = await claimOne(t, 'b', { limit: 1 })
      assert.equal(run.id, lost.run.id)
      assert.equal((await sendCommit(t, commitOf(lost, claimed))).status, 'stale')
      assert.deepEqual(await dirtyHours(t, 'stats'), [0, 1], 'they are free')
      const heir = { ...lost, run }
      const [first] = await claimHours(t, heir, [0, 1], 'dirty')
      assert.equal((await sendCommit(t, commitOf(lost, claimed))).status, 'stale')
      await commit(t, heir, first === undefined ? [] : [first])
      assert.deepEqual(numbersOf(await windowRecords(t, 'stats')), [1])
    }),
  ],
}
