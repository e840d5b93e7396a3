/** Cases: refreshes are recorded whole, once, and by their holder; the watermark follows what is complete. */
import assert from 'node:assert/strict'
import type { Mark } from '../../../store/window-records.ts'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant, only } from '../expectations.ts'
import {
  bidFor,
  claimAndFail,
  claimHours,
  commit,
  commitOf,
  endWorker,
  refresh,
  sendCommit,
  startWorker,
  suspectHour,
} from '../refresh-steps.ts'
import {
  collectAll,
  collectOne,
  defineRollup,
  dirtyHours,
  hour,
  HOUR,
  isDirty,
  numbersOf,
  PRESENT,
  rollupOf,
  soilHours,
  stateOf,
  watermarkOf,
  windowBid,
  windowOf,
  windowRecords,
  windowsOf,
} from '../window-steps.ts'

const FOR_PARENTS: readonly Mark[] = [{ source: 'rollup:stats', from: hour(0).start, to: hour(0).end, kind: 'changed' }]

export const windowCommitCases: CaseGroup = {
  name: 'window commits',
  cases: [
    windowed('a committed window is clean, and nothing is kept of it behind the watermark', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [0, 1])
      const worker = await startWorker(t, 'stats')
      const reply = await commit(t, worker, await claimHours(t, worker, [0, 1]))
      assert.deepEqual(reply, { status: 'committed', watermark: hour(2).start })
      assert.deepEqual(await windowRecords(t, 'stats'), [])
      assertFields(await stateOf(t, 'stats'), { dirty: [], ahead: [], oldestMarkAt: null })
    }),
    windowed('a window that was refreshed ahead of the watermark is remembered', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [4])
      const committed = await t.timed(() => commit(t, worker, claimed))
      assert.equal(committed.value.watermark, hour(0).start)
      const record = only((await stateOf(t, 'stats')).ahead, 'records ahead')
      assertFields(record, { ...hour(4), complete: true, dirtySince: null, removed: false, runId: null })
      assertInstant(record.refreshedAt, committed)
    }),
    windowed('the watermark moves over complete windows, up to the first gap', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await refresh(t, worker, [1, 2, 4])
      assert.equal(await watermarkOf(t, 'stats'), 0)
      await refresh(t, worker, [0])
      assert.equal(await watermarkOf(t, 'stats'), 3)
      assert.deepEqual(numbersOf(await windowRecords(t, 'stats')), [4])
      await refresh(t, worker, [3])
      assert.equal(await watermarkOf(t, 'stats'), 5)
      assert.deepEqual(await windowRecords(t, 'stats'), [])
    }),
    windowed('a window is complete only if it was due when it was claimed', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats', 'a', HOUR)
      await refresh(t, worker, [0, 1, 2, 3, 4, 5, 6, 7, 8])
      await t.pass(HOUR / 2 - 1)
      const early = await claimHours(t, worker, [PRESENT])
      await t.pass(1)
      await commit(t, worker, early)
      assert.equal(await watermarkOf(t, 'stats'), PRESENT, 'claimed 1 ms too early, committed when it was due')
      assertFields(await windowOf(t, 'stats', PRESENT), { complete: false, dirtySince: null })
      await refresh(t, worker, [PRESENT])
      assert.equal(await watermarkOf(t, 'stats'), PRESENT + 1, 'claimed just then')
    }),
    windowed('grace counts: due is what the bid says', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const late = { ...windowBid(0), dueAt: (await t.now()) + 1 }
      await commit(t, worker, (await bidFor(t, worker, [late])).windows)
      assert.equal(await watermarkOf(t, 'stats'), 0)
      await t.pass(1)
      await commit(t, worker, (await bidFor(t, worker, [late])).windows)
      assert.equal(await watermarkOf(t, 'stats'), 1)
    }),
    windowed('a complete window stays complete when it is refreshed again, or dirty', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await refresh(t, worker, [1])
      await commit(t, worker, (await bidFor(t, worker, [{ ...windowBid(1), dueAt: (await t.now()) + 1 }])).windows)
      assert.equal((await windowOf(t, 'stats', 1)).complete, true)
      await soilHours(t, [1])
      await refresh(t, worker, [0])
      assert.equal(await watermarkOf(t, 'stats'), 2, 'late data does not hold the watermark back')
      assert.deepEqual(await dirtyHours(t, 'stats'), [1])
    }),
    windowed('late data never moves the watermark back', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await refresh(t, worker, [0, 1, 2])
      await soilHours(t, [0])
      assert.equal(await watermarkOf(t, 'stats'), 3)
      const claimed = await claimHours(t, worker, [0], 'dirty')
      assert.equal((await commit(t, worker, claimed)).watermark, hour(3).start)
      assert.deepEqual(await windowRecords(t, 'stats'), [])
    }),
    windowed('a commit with a window that is not held writes nothing', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats', 'a')
      const other = await startWorker(t, 'stats', 'b')
      const [mine, theirs] = [await claimHours(t, worker, [0]), await claimHours(t, other, [1])]
      for (const foreign of [theirs, [{ start: hour(2).start, seq: 0 }]]) {
        const { status } = await sendCommit(t, commitOf(worker, [...mine, ...foreign], { marks: FOR_PARENTS, pace: '[9]' }))
        assert.equal(status, 'stale')
      }
      assert.equal(await isDirty(t, 'stats', 0), true)
      assertFields(await rollupOf(t, 'stats'), { watermark: hour(0).start, pace: null })
      await defineRollup(t, 'parent', { sources: ['rollup:stats'] })
      assert.deepEqual(await collectAll(t), [], 'the parents were not marked')
      await commit(t, worker, mine)
      await commit(t, other, theirs)
      assert.equal(await watermarkOf(t, 'stats'), 2)
    }),
    windowed('a run that ended commits nothing', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [0])
      await endWorker(t, worker)
      assert.equal((await sendCommit(t, commitOf(worker, claimed))).status, 'stale')
      assert.equal(await isDirty(t, 'stats', 0), true)
    }),
    windowed('the same commit twice is committed twice, and written once', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'parent', { sources: ['rollup:stats'] })
      const worker = await startWorker(t, 'stats')
      const one = commitOf(worker, await claimHours(t, worker, [0, 4]), { marks: FOR_PARENTS, pace: '[1]' })
      assert.deepEqual(await sendCommit(t, one), { status: 'committed', watermark: hour(1).start })
      await soilHours(t, [4])
      assert.deepEqual(await sendCommit(t, one), { status: 'committed', watermark: hour(1).start })
      assert.equal((await collectOne(t, 'rollup:stats')).marks.length, 1)
      assert.equal(await isDirty(t, 'stats', 4), true, 'what was marked since stays dirty')
      assert.equal((await sendCommit(t, { ...one, windows: [...one.windows, { start: hour(6).start, seq: 0 }] })).status, 'stale')
    }),
    windowed('a commit is known again after a later one of the same window', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const first = commitOf(worker, await claimHours(t, worker, [4]))
      assert.equal((await sendCommit(t, first)).status, 'committed')
      await soilHours(t, [4])
      const second = commitOf(worker, await claimHours(t, worker, [4]))
      assert.notDeepEqual(second, first)
      assert.equal((await sendCommit(t, second)).status, 'committed')
      for (const again of [first, second]) assert.equal((await sendCommit(t, again)).status, 'committed')
      assertFields(await windowOf(t, 'stats', 4), { dirtySince: null, runId: null })
    }),
    windowed('a commit that comes again is stale where the run has taken one of its windows again', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const one = commitOf(worker, await claimHours(t, worker, [3, 4]))
      assert.equal((await sendCommit(t, one)).status, 'committed')
      const again = await claimHours(t, worker, [4])
      assert.deepEqual(await sendCommit(t, one), { status: 'stale', watermark: null })
      assertFields(await windowOf(t, 'stats', 4), { runId: worker.run.id })
      assert.equal(await isDirty(t, 'stats', 4), true, 'what it took again is not refreshed yet')
      await commit(t, worker, again)
      assert.equal((await sendCommit(t, one)).status, 'committed')
    }),
    windowed('a commit for a rollup that was defined anew is refused', async (t) => {
      const generation = await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [0])
      const renewed = await defineRollup(t, 'stats', { hash: 'v2', expectedGeneration: generation })
      assert.equal((await sendCommit(t, commitOf(worker, claimed))).status, 'redefined')
      assertFields(await rollupOf(t, 'stats'), { watermark: hour(0).start, generation: renewed })
      assert.equal(await isDirty(t, 'stats', 0), true)
    }),
    windowed('a suspect window counts as refreshed, and shows', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await suspectHour(t, worker, 0, 'its rows are gone')
      assert.equal(await watermarkOf(t, 'stats'), 1)
      assertFields(await windowOf(t, 'stats', 0), { suspect: 'its rows are gone', dirtySince: null, runId: null })
      assertFields((await stateOf(t, 'stats')).counts, { suspect: 1 })
      assert.deepEqual(await dirtyHours(t, 'stats'), [])
      await refresh(t, worker, [0])
      assert.deepEqual(await windowRecords(t, 'stats'), [])
    }),
    windowed('a window that was marked while its refresh found it suspect is refreshed again', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const { start, seq } = only(await claimHours(t, worker, [0]), 'windows')
      await soilHours(t, [0], { kind: 'removed' })
      await commit(t, worker, [], { windows: [{ start, seq, suspect: 'its rows are gone' }] })
      assert.deepEqual(await dirtyHours(t, 'stats'), [0])
    }),
    windowed('a refresh makes failures forgotten', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await claimAndFail(t, worker, [3])
      await refresh(t, worker, [3])
      assertFields(await windowOf(t, 'stats', 3), { attempts: 0, error: null, retryAt: null, dirtySince: null })
      assertFields((await stateOf(t, 'stats')).counts, { failed: 0, dirty: 0 })
    }),
    windowed('marks for the parents, and the pace, are written with the commit', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'parent', { sources: ['rollup:stats'] })
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [0])
      const wrote = await t.timed(() => commit(t, worker, claimed, { marks: FOR_PARENTS, pace: '{"rows":7}' }))
      const { from, to, kind, markedAt } = only((await collectOne(t, 'rollup:stats')).marks, 'marks')
      assert.deepEqual({ from, to, kind }, { from: hour(0).start, to: hour(0).end, kind: 'changed' })
      assertInstant(markedAt, wrote)
      assert.equal((await rollupOf(t, 'stats')).pace, '{"rows":7}')
      await refresh(t, worker, [1])
      assert.equal((await rollupOf(t, 'stats')).pace, '{"rows":7}', 'kept by a commit that says nothing of it')
    }),
    windowed('marks of a commit that no rollup reads are left out', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      assert.equal((await commit(t, worker, await claimHours(t, worker, [0]), { marks: FOR_PARENTS })).status, 'committed')
      await defineRollup(t, 'parent', { sources: ['rollup:stats'] })
      assert.deepEqual(await collectAll(t), [])
      await commit(t, worker, await claimHours(t, worker, [1]), { marks: FOR_PARENTS })
      assert.equal((await collectOne(t, 'rollup:stats')).marks.length, 1)
    }),
    windowed('each commit of a call is judged alone', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'other')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [0])
      const commits = [
        commitOf({ ...worker, rollup: 'other' }, [{ start: hour(0).start, seq: 0 }]),
        commitOf(worker, claimed),
        commitOf({ ...worker, rollup: 'nothing' }, claimed),
      ]
      const { replies } = await windowsOf(t).commit({ commits, ...t.at() })
      assert.deepEqual(
        replies.map(({ status }) => status),
        [worker.generation === (await rollupOf(t, 'other')).generation ? 'stale' : 'redefined', 'committed', 'redefined'],
      )
    }),
  ],
}
