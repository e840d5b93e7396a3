/** Cases: definitions of rollups, by compare-and-set. */
import assert from 'node:assert/strict'
import type { DefineReply, RollupDefinition } from '../../../store/windows.ts'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { assertFields, only, present } from '../expectations.ts'
import { createBackfill, getBackfill } from '../backfill-steps.ts'
import { claimHours, refresh, sendCommit, commitOf, startWorker } from '../refresh-steps.ts'
import { addOwner } from '../run-steps.ts'
import type { Trial } from '../trial.ts'
import {
  collectAll,
  collectOne,
  defineRollup,
  definition,
  drainAll,
  FIRST,
  hour,
  HOUR,
  markHours,
  rollupOf,
  soilHours,
  stateOf,
  watermarkOf,
  windowRecords,
  windowsOf,
} from '../window-steps.ts'

async function sendDefinitions(t: Trial, ...rollups: readonly RollupDefinition[]): Promise<readonly DefineReply[]> {
  return (await windowsOf(t).define({ rollups, ...t.at() })).replies
}

async function redefine(t: Trial, over: Partial<RollupDefinition>): Promise<DefineReply> {
  const { generation } = await rollupOf(t, 'stats')
  return only(await sendDefinitions(t, definition('stats', { hash: 'v2', expectedGeneration: generation, ...over })), 'reply to define')
}

export const rollupCases: CaseGroup = {
  name: 'rollups',
  cases: [
    windowed('a new rollup begins with its watermark at its start', async (t) => {
      const generation = await defineRollup(t, 'stats', { policy: '[1]', sources: ['calls', 'rollup:hours'] })
      assert.deepEqual(await rollupOf(t, 'stats'), {
        rollup: 'stats',
        generation,
        hash: 'v1',
        sources: ['calls', 'rollup:hours'],
        edges: '1h UTC',
        policy: '[1]',
        startAt: FIRST,
        watermark: FIRST,
        sealed: null,
        pace: null,
      })
      assert.ok(generation > 0)
    }),
    windowed('the same definition again changes nothing', async (t) => {
      const generation = await defineRollup(t, 'stats')
      await markHours(t, [1])
      const before = await collectOne(t)
      for (const expectedGeneration of [0, generation]) {
        const replies = await sendDefinitions(t, definition('stats', { expectedGeneration }))
        assert.deepEqual(replies, [{ status: 'unchanged', generation }])
      }
      assert.equal((await collectOne(t)).token, before.token, 'what was collected can still be drained')
    }),
    windowed('a definition that was loaded too early is refused', async (t) => {
      const generation = await defineRollup(t, 'stats')
      for (const expectedGeneration of [0, generation + 1]) {
        const replies = await sendDefinitions(t, definition('stats', { hash: 'v2', policy: '[2]', expectedGeneration }))
        assert.deepEqual(replies, [{ status: 'stale', generation }])
      }
      assertFields(await rollupOf(t, 'stats'), { hash: 'v1', policy: '[]', generation })
    }),
    windowed('an unknown rollup has generation 0', async (t) => {
      assert.deepEqual(await sendDefinitions(t, definition('stats', { expectedGeneration: 3 })), [{ status: 'stale', generation: 0 }])
      assert.deepEqual((await windowsOf(t).state({ rollups: [{ rollup: 'stats', limit: 10 }], ...t.at() })).states, [null])
    }),
    windowed('each definition of a call is judged alone', async (t) => {
      const generation = await defineRollup(t, 'stats')
      const replies = await sendDefinitions(
        t,
        definition('stats', { hash: 'v2', expectedGeneration: generation + 1 }),
        definition('other'),
        definition('stats'),
      )
      assert.deepEqual(
        replies.map(({ status }) => status),
        ['stale', 'defined', 'unchanged'],
      )
    }),
    windowed('a new definition keeps windows, watermark and start while the edges stay', async (t) => {
      const former = await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await refresh(t, worker, [0, 1])
      await soilHours(t, [5])
      const { status, generation } = await redefine(t, { policy: '[2]', startAt: FIRST + 5 * HOUR })
      assert.equal(status, 'defined')
      assert.ok(generation > former, 'the generation is raised')
      assertFields(await rollupOf(t, 'stats'), { policy: '[2]', hash: 'v2', startAt: FIRST, watermark: FIRST + 2 * HOUR, generation })
      assert.equal((await windowRecords(t, 'stats')).length, 1)
    }),
    windowed('other edges are other windows: records go, the watermark begins at the start again', async (t) => {
      await defineRollup(t, 'stats')
      await refresh(t, await startWorker(t, 'stats'), [0, 1])
      await soilHours(t, [5])
      await createBackfill(t, { id: 'b', hours: [0, 5] })
      await redefine(t, { edges: '1d UTC', startAt: FIRST - 24 * HOUR })
      assertFields(await rollupOf(t, 'stats'), { edges: '1d UTC', startAt: FIRST - 24 * HOUR, watermark: FIRST - 24 * HOUR })
      assert.deepEqual(await windowRecords(t, 'stats'), [])
      assertFields((await stateOf(t, 'stats')).counts, { dirty: 0, held: 0, failed: 0, suspect: 0 })
      assert.equal((await getBackfill(t, 'b')).state, 'cancelled')
    }),
    windowed('a new definition changes who reads a source, and what was collected before', async (t) => {
      await defineRollup(t, 'stats')
      await markHours(t, [1], { source: 'calls' })
      await markHours(t, [1], { source: 'spans' })
      const before = await collectOne(t)
      await redefine(t, { sources: ['spans'] })
      const marked = only(await collectAll(t), 'sources that are read')
      assert.equal(marked.source, 'spans')
      assert.deepEqual(
        marked.rollups.map(({ rollup }) => rollup),
        ['stats'],
      )
      await defineRollup(t, 'other')
      assert.notEqual((await collectOne(t)).token, before.token)
    }),
    windowed('a forgotten rollup takes its windows and backfills along, and leaves the marks', async (t) => {
      await defineRollup(t, 'stats')
      await soilHours(t, [1])
      await createBackfill(t, { id: 'b', hours: [0, 5] })
      await markHours(t, [2])
      assert.deepEqual((await windowsOf(t).forget({ rollups: ['stats', 'nothing'], ...t.at() })).forgotten, [true, false])
      assert.deepEqual(await windowRecords(t, 'stats'), [])
      assert.deepEqual((await windowsOf(t).backfills.get({ ids: ['b'] })).backfills, [null])
      assert.deepEqual(await collectAll(t), [], 'nobody reads the source')
      await defineRollup(t, 'other')
      assert.equal((await collectOne(t)).marks.length, 1)
      assert.deepEqual((await windowsOf(t).forget({ rollups: ['stats'], ...t.at() })).forgotten, [false])
    }),
    windowed('what is marked with a definition is there with it, once, and not where it is not accepted', async (t) => {
      const marks = [{ source: 'stats', from: hour(0).start, to: hour(4).end, kind: 'changed' }] as const
      const sources = ['calls', 'stats']
      await sendDefinitions(t, definition('stats', { sources, marks, expectedGeneration: 7 }))
      await defineRollup(t, 'other', { sources: ['stats'] })
      assert.deepEqual(await collectAll(t), [], 'it is stale')
      await defineRollup(t, 'stats', { sources, marks })
      const [marked] = (await collectOne(t, 'stats')).marks
      assertFields(present(marked, 'the mark'), { from: hour(0).start, to: hour(4).end, kind: 'changed', markedAt: await t.now() })
      await sendDefinitions(t, definition('stats', { sources, marks }))
      assert.equal((await collectOne(t, 'stats')).marks.length, 1, 'it is unchanged')
      // Whatever was digested for the windows there were.
      await drainAll(t, 'stats')
      await redefine(t, { sources, marks, edges: '1d UTC' })
      assert.equal((await collectOne(t, 'stats')).marks.length, 1)
      assert.deepEqual(await windowRecords(t, 'stats'), [])
    }),
    windowed('a rollup whose job somebody declares is not forgotten', async (t) => {
      await defineRollup(t, 'stats')
      await addOwner(t, 'a', ['stats'], 60_000)
      assert.deepEqual((await windowsOf(t).forget({ rollups: ['stats'], ...t.at() })).forgotten, [false])
      assert.equal((await rollupOf(t, 'stats')).rollup, 'stats')
      await t.pass(60_001)
      assert.deepEqual((await windowsOf(t).forget({ rollups: ['stats'], ...t.at() })).forgotten, [true])
    }),
    windowed('a rollup that is defined again after it was forgotten begins anew', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await refresh(t, worker, [0, 1])
      const claimed = await claimHours(t, worker, [2])
      await windowsOf(t).forget({ rollups: ['stats'], ...t.at() })
      await defineRollup(t, 'stats')
      assert.equal(await watermarkOf(t, 'stats'), 0)
      const { status } = await sendCommit(t, commitOf(worker, claimed))
      assert.notEqual(status, 'committed', 'what was claimed before')
      assert.equal(await watermarkOf(t, 'stats'), 0)
    }),
    windowed('late data of sealed windows and the pace outlive a new definition', async (t) => {
      await defineRollup(t, 'stats')
      await refresh(t, await startWorker(t, 'stats'), [0])
      await markHours(t, [0])
      const { token } = await collectOne(t)
      const sealed = [{ rollup: 'stats', marks: [1], from: FIRST, to: FIRST + 1 }]
      const drains = [{ source: 'calls', token, groups: [], parked: [], narrowed: [], sealed, enqueue: [] }]
      await windowsOf(t).drain({ drains, ...t.at() })
      await redefine(t, { policy: '[2]' })
      assert.equal(present((await rollupOf(t, 'stats')).sealed, 'sealed').marks, 1)
    }),
  ],
}
