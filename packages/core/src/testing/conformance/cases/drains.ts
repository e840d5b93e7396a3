/** Cases: marks become dirty windows, and none is lost on the way. */
import assert from 'node:assert/strict'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant, only, present } from '../expectations.ts'
import { claimAndFail, claimHours, commit, REFRESH, refresh, startWorker, suspectHour } from '../refresh-steps.ts'
import { addOwner, claimIds, enqueueRequest, statesOf } from '../run-steps.ts'
import {
  collectAll,
  collectOne,
  defineRollup,
  dirtyHours,
  drain,
  drainAll,
  emptyDrain,
  FIRST,
  groupsOf,
  hour,
  HOUR,
  isDirty,
  markHours,
  rollupOf,
  soilHours,
  stateOf,
  windowOf,
  windowRecords,
  windowsOf,
} from '../window-steps.ts'

export const drainCases: CaseGroup = {
  name: 'drains',
  cases: [
    windowed('drained marks are gone, and their windows dirty', async (t) => {
      await defineRollup(t, 'stats')
      const marked = await t.timed(() => markHours(t, [3]))
      await t.pass(1_000)
      await drainAll(t)
      assert.deepEqual(await collectAll(t), [])
      const { seq, dirtySince, ...record } = await windowOf(t, 'stats', 3)
      assert.ok(seq > 0)
      assertInstant(dirtySince, marked)
      assertFields(record, { rollup: 'stats', ...hour(3), removed: true, complete: false, refreshedAt: null, attempts: 0, error: null })
      assertFields(record, { retryAt: null, suspect: null, backfill: null, runId: null })
      const state = await stateOf(t, 'stats')
      assertFields(state, { hasMarks: false, oldestMarkAt: dirtySince })
      assert.deepEqual(state.dirty, [{ seq, dirtySince, ...record }])
    }),
    windowed('one mark dirties windows of all rollups, and as many as it touches', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'other')
      const { start } = hour(2)
      await windowsOf(t).mark({ marks: [{ source: 'calls', from: start + 1, to: start + 2 * HOUR, kind: 'added' }], ...t.at() })
      await drainAll(t)
      for (const rollup of ['stats', 'other']) {
        assert.deepEqual(await dirtyHours(t, rollup), [2, 3])
        assert.equal((await windowOf(t, rollup, 2)).removed, false)
      }
    }),
    windowed('seq is raised for each group, and a window stays dirty since its oldest change', async (t) => {
      await defineRollup(t, 'stats')
      const first = await t.timed(() => markHours(t, [3], { kind: 'removed' }))
      await t.pass(1_000)
      await drainAll(t)
      const before = await windowOf(t, 'stats', 3)
      await markHours(t, [3, 3], { kind: 'added' })
      await drainAll(t)
      const after = await windowOf(t, 'stats', 3)
      assert.equal(after.seq, before.seq + 2)
      assertInstant(after.dirtySince, first)
      assert.equal(after.removed, true, 'one of the changes may have taken rows away')
    }),
    windowed('a drain of what was collected before another drain is stale, and writes nothing', async (t) => {
      await defineRollup(t, 'stats')
      await markHours(t, [1, 2])
      const [early, again] = [await collectOne(t), await collectOne(t)]
      const [first, second] = groupsOf(early)
      assert.equal((await drain(t, emptyDrain(early, { groups: [present(first, 'a group')] }))).status, 'drained')
      const request = enqueueRequest(t, REFRESH)
      const sealed = [{ rollup: 'stats', marks: [1], from: FIRST, to: FIRST + 1 }]
      const late = emptyDrain(again, { groups: [present(second, 'a group')], sealed, enqueue: [request] })
      assert.deepEqual(await drain(t, late), { status: 'stale', left: [] })
      assert.deepEqual(await dirtyHours(t, 'stats'), [1])
      assert.deepEqual(await statesOf(t, [request.id]), [null])
      assert.equal((await rollupOf(t, 'stats')).sealed, null)
      assert.equal((await collectOne(t)).marks.length, 1, 'the mark of the stale drain waits')
    }),
    windowed('a drain of what was collected before a rollup was defined anew is stale', async (t) => {
      const generation = await defineRollup(t, 'stats')
      await markHours(t, [1])
      const early = await collectOne(t)
      await defineRollup(t, 'other')
      assert.equal((await drain(t, emptyDrain(early, { groups: groupsOf(early) }))).status, 'stale', 'a new reader')
      const later = await collectOne(t)
      await defineRollup(t, 'stats', { hash: 'v2', policy: '[2]', expectedGeneration: generation })
      assert.equal((await drain(t, emptyDrain(later, { groups: groupsOf(later) }))).status, 'stale', 'a new policy')
      assert.equal((await collectOne(t)).marks.length, 1)
    }),
    windowed('drains of other sources do not make a drain stale', async (t) => {
      await defineRollup(t, 'stats', { sources: ['calls', 'spans'] })
      await markHours(t, [1])
      await markHours(t, [2], { source: 'spans' })
      const [calls, spans] = [await collectOne(t, 'calls'), await collectOne(t, 'spans')]
      const drains = [calls, spans, calls].map((marked) => emptyDrain(marked, { groups: groupsOf(marked) }))
      const { replies } = await windowsOf(t).drain({ drains, ...t.at() })
      assert.deepEqual(
        replies.map(({ status }) => status),
        ['drained', 'drained', 'stale'],
      )
    }),
    windowed('marks that arrive after the collect stay for the next drain', async (t) => {
      await defineRollup(t, 'stats')
      await markHours(t, [1])
      const early = await collectOne(t)
      await markHours(t, [2])
      assert.equal((await drain(t, emptyDrain(early, { groups: groupsOf(early) }))).status, 'drained')
      assert.deepEqual(await dirtyHours(t, 'stats'), [1])
      assert.equal((await collectOne(t)).marks[0]?.from, hour(2).start + 60_000)
    }),
    windowed('a mark that is drained while its window is refreshed leaves it dirty', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await soilHours(t, [3], { kind: 'removed' })
      const claimed = await claimHours(t, worker, [3])
      await t.pass(1_000)
      const later = await t.timed(() => soilHours(t, [3], { kind: 'added' }))
      assert.ok((await windowOf(t, 'stats', 3)).seq > (claimed[0]?.seq ?? 0))
      await commit(t, worker, claimed)
      const after = await windowOf(t, 'stats', 3)
      assertInstant(after.dirtySince, later)
      assert.equal(after.removed, false, 'the refresh saw what had been removed')
      assert.deepEqual(await dirtyHours(t, 'stats'), [3])
      await refresh(t, worker, [3])
      assert.equal(await isDirty(t, 'stats', 3), false)
    }),
    windowed('a mark that was not drained when its window is committed waits in the log', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [0])
      const later = await t.timed(() => markHours(t, [0]))
      await commit(t, worker, claimed)
      assert.equal(await isDirty(t, 'stats', 0), false)
      assertInstant((await stateOf(t, 'stats')).oldestMarkAt, later)
      await drainAll(t)
      assert.deepEqual(await dirtyHours(t, 'stats'), [0])
    }),
    windowed('a parked mark is hidden until its instant', async (t) => {
      await defineRollup(t, 'stats')
      const wrote = await t.timed(() => markHours(t, [12, 1]))
      const marked = await collectOne(t)
      const [ahead, plain] = marked.marks
      const until = (await t.now()) + 60_000
      const groups = groupsOf(marked).filter(({ marks }) => marks[0] === plain?.id)
      await drain(t, emptyDrain(marked, { groups, parked: [{ id: ahead?.id ?? 0, until }] }))
      const { sources, nextMarkAt } = await windowsOf(t).collect({ limit: 10, ...t.at() })
      assert.deepEqual({ sources, nextMarkAt }, { sources: [], nextMarkAt: until })
      await refresh(t, await startWorker(t, 'stats'), [1])
      assertFields(await stateOf(t, 'stats'), { hasMarks: false, oldestMarkAt: null })
      await t.pass(59_999)
      assert.deepEqual(await collectAll(t), [])
      await t.pass(1)
      assert.equal((await stateOf(t, 'stats')).hasMarks, true)
      const shown = await windowsOf(t).collect({ limit: 10, ...t.at() })
      const again = only(only(shown.sources, 'sources').marks, 'marks')
      assertFields(again, { id: ahead?.id ?? 0, from: hour(12).start + 60_000 })
      assertInstant(again.markedAt, wrote)
      assert.equal(shown.nextMarkAt, null)
      await drainAll(t)
      assert.deepEqual(await dirtyHours(t, 'stats'), [12])
    }),
    windowed('nextMarkAt tells of the earliest parked mark of the sources that were asked for', async (t) => {
      await defineRollup(t, 'stats', { sources: ['calls', 'spans'] })
      const now = await t.now()
      for (const [source, delays] of [
        ['calls', [9_000, 5_000]],
        ['spans', [2_000]],
      ] as const) {
        await markHours(
          t,
          delays.map(() => 12),
          { source },
        )
        const marked = await collectOne(t, source)
        await drain(t, emptyDrain(marked, { parked: marked.marks.map(({ id }, index) => ({ id, until: now + (delays[index] ?? 0) })) }))
      }
      assert.equal((await windowsOf(t).collect({ limit: 10, ...t.at() })).nextMarkAt, now + 2_000)
      assert.equal((await windowsOf(t).collect({ sources: ['calls'], limit: 10, ...t.at() })).nextMarkAt, now + 5_000)
    }),
    windowed('a narrowed mark keeps its id and its age, and what was cut off is dirty', async (t) => {
      await defineRollup(t, 'stats')
      const { start } = hour(1)
      const wrote = await t.timed(() =>
        windowsOf(t).mark({ marks: [{ source: 'calls', from: start, to: start + 4 * HOUR, kind: 'removed' }], ...t.at() }),
      )
      await t.pass(1_000)
      const marked = await collectOne(t)
      const { id, markedAt } = only(marked.marks, 'marks')
      const group = { marks: [], markedAt, removed: true, windows: [1, 2].map((number) => ({ rollup: 'stats', ...hour(number) })) }
      const narrowed = [{ id, from: hour(3).start, to: start + 4 * HOUR }]
      assert.equal((await drain(t, emptyDrain(marked, { groups: [group], narrowed }))).status, 'drained')
      assert.deepEqual(await dirtyHours(t, 'stats'), [1, 2])
      const left = only((await collectOne(t)).marks, 'marks')
      assertFields(left, { id, from: hour(3).start, to: start + 4 * HOUR, kind: 'removed' })
      assertInstant(left.markedAt, wrote)
    }),
    windowed('late data of sealed windows is counted', async (t) => {
      await defineRollup(t, 'stats')
      for (const [count, from, to] of [
        [2, FIRST + 100, FIRST + 200],
        [3, FIRST - 500, FIRST + 150],
      ] as const) {
        await t.pass(1_000)
        await markHours(t, [0])
        const marked = await collectOne(t)
        const group = { marks: marked.marks.map(({ id }) => id), markedAt: 0, removed: false, windows: [] }
        const marks = Array.from({ length: count }, (_, index) => index + 1)
        await drain(t, emptyDrain(marked, { groups: [group], sealed: [{ rollup: 'stats', marks, from, to }] }))
      }
      assert.deepEqual((await rollupOf(t, 'stats')).sealed, { marks: 5, from: FIRST - 500, to: FIRST + 200, lastAt: await t.now() })
      assert.deepEqual(await windowRecords(t, 'stats'), [])
      assert.deepEqual(await collectAll(t), [])
    }),
    windowed('the runs of a drain are made with it', async (t) => {
      await defineRollup(t, 'stats')
      await addOwner(t, 'a', [REFRESH])
      await markHours(t, [1])
      const marked = await collectOne(t)
      const request = enqueueRequest(t, REFRESH)
      await drain(t, emptyDrain(marked, { groups: groupsOf(marked), enqueue: [request] }))
      assert.deepEqual(await claimIds(t, 'a'), [request.id])
    }),
    windowed('windows of a rollup that is gone are ignored', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'other')
      await windowsOf(t).forget({ rollups: ['other'] })
      await markHours(t, [1])
      const marked = await collectOne(t)
      const windows = ['other', 'stats', 'never'].map((rollup) => ({ rollup, ...hour(1) }))
      const groups = groupsOf(marked).map((group) => ({ ...group, windows }))
      const sealed = [{ rollup: 'other', marks: [1], from: FIRST, to: FIRST + 1 }]
      assert.equal((await drain(t, emptyDrain(marked, { groups, sealed }))).status, 'drained')
      assert.deepEqual(await dirtyHours(t, 'stats'), [1])
      assert.deepEqual(await windowRecords(t, 'other'), [])
    }),
    windowed('what was given up or suspect begins anew when it is marked', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await claimAndFail(t, worker, [2])
      await suspectHour(t, worker, 3)
      assert.deepEqual(await dirtyHours(t, 'stats'), [])
      await soilHours(t, [2, 3])
      assert.deepEqual([...(await dirtyHours(t, 'stats'))].sort(), [2, 3])
      assertFields(await windowOf(t, 'stats', 2), { attempts: 0, error: null, retryAt: null })
      assertFields(await windowOf(t, 'stats', 3), { suspect: null })
      assertFields((await stateOf(t, 'stats')).counts, { failed: 0, suspect: 0, dirty: 2 })
    }),
  ],
}
