/** Cases: the log of marks, and how it is read. */
import assert from 'node:assert/strict'
import type { Mark } from '../../../store/window-records.ts'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant, only } from '../expectations.ts'
import {
  collectAll,
  collectOne,
  defineRollup,
  drain,
  emptyDrain,
  FIRST,
  groupsOf,
  hour,
  markHours,
  stateOf,
  windowsOf,
} from '../window-steps.ts'

const ALWAYS = { from: -8.64e15, to: 8.64e15 }

export const markCases: CaseGroup = {
  name: 'marks',
  cases: [
    windowed('marks are collected as they were written, the oldest first', async (t) => {
      await defineRollup(t, 'stats')
      const marks: Mark[] = [
        { source: 'calls', from: FIRST + 5, to: FIRST + 6, kind: 'added' },
        { source: 'calls', from: FIRST, to: FIRST + 9_000_000, kind: 'changed' },
        { source: 'calls', ...ALWAYS, kind: 'removed' },
      ]
      const wrote = await t.timed(() => windowsOf(t).mark({ marks, ...t.at() }))
      assertInstant(wrote.value.storeNow, wrote)
      await t.pass(1_000)
      await markHours(t, [3])
      const collected = await collectOne(t)
      assert.deepEqual(
        collected.marks.slice(0, 3).map(({ from, to, kind }) => ({ source: 'calls', from, to, kind })),
        marks,
      )
      for (const { markedAt } of collected.marks.slice(0, 3)) assertInstant(markedAt, wrote)
      assert.equal(collected.marks[3]?.from, hour(3).start + 60_000)
      assert.equal(collected.more, false)
      assert.equal(new Set(collected.marks.map(({ id }) => id)).size, 4, 'ids differ')
    }),
    windowed('collecting takes nothing away', async (t) => {
      await defineRollup(t, 'stats')
      await markHours(t, [1, 2])
      assert.deepEqual(await collectAll(t), await collectAll(t))
    }),
    windowed('equal marks are not merged', async (t) => {
      await defineRollup(t, 'stats')
      await markHours(t, [1, 1])
      await markHours(t, [1])
      assert.equal((await collectOne(t)).marks.length, 3)
    }),
    windowed('a source is collected with every rollup that reads it', async (t) => {
      await defineRollup(t, 'stats', { sources: ['calls', 'spans'] })
      await defineRollup(t, 'other', { sources: ['calls'], edges: '1d UTC', policy: '[7]' })
      await markHours(t, [1])
      const { rollups } = await collectOne(t)
      assert.deepEqual(rollups.map(({ rollup }) => rollup).sort(), ['other', 'stats'])
      assertFields(
        only(
          rollups.filter(({ rollup }) => rollup === 'other'),
          'records of other',
        ),
        { edges: '1d UTC', policy: '[7]', startAt: FIRST },
      )
    }),
    windowed('marks of a source that nobody reads are kept, and left out', async (t) => {
      await markHours(t, [1])
      assert.deepEqual(await collectAll(t), [])
      await defineRollup(t, 'stats')
      assert.equal((await collectOne(t)).marks.length, 1)
    }),
    windowed('only the sources that were asked for are collected', async (t) => {
      await defineRollup(t, 'stats', { sources: ['calls', 'spans'] })
      await markHours(t, [1])
      await markHours(t, [1], { source: 'spans' })
      assert.equal((await collectOne(t, 'spans')).source, 'spans')
      assert.deepEqual((await windowsOf(t).collect({ sources: ['others'], limit: 10, ...t.at() })).sources, [])
      assert.deepEqual((await collectAll(t)).map(({ source }) => source).sort(), ['calls', 'spans'])
    }),
    windowed('the limit holds over all sources, and says what it cut', async (t) => {
      await defineRollup(t, 'stats', { sources: ['calls', 'spans'] })
      await markHours(t, [1, 2, 3])
      await markHours(t, [4, 5, 6], { source: 'spans' })
      const sources = await collectAll(t, 4)
      assert.equal(
        sources.reduce((sum, { marks }) => sum + marks.length, 0),
        4,
      )
      for (const { marks, more } of sources) assert.equal(more, marks.length < 3)
      assert.deepEqual(
        (await collectAll(t, 6)).map(({ more }) => more),
        [false, false],
      )
    }),
    windowed('sources take turns: a busy one does not keep the others from being drained', async (t) => {
      await defineRollup(t, 'stats', { sources: ['busy', 'calls'] })
      const marks = Array.from(
        { length: 50 },
        (_, index): Mark => ({ source: 'busy', from: FIRST + index, to: FIRST + index + 1, kind: 'added' }),
      )
      await windowsOf(t).mark({ marks, ...t.at() })
      await t.pass(1)
      await markHours(t, [1])
      let rounds = 0
      for (let isWaiting = true; isWaiting; rounds++) {
        assert.ok(rounds < 4, 'the mark of the quiet source waits for the busy one')
        for (const marked of await collectAll(t, 5)) {
          if (marked.source === 'calls') isWaiting = false
          await drain(t, emptyDrain(marked, { groups: groupsOf(marked) }))
        }
      }
    }),
    windowed('marks that wait are seen in the state of their readers only', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'other', { sources: ['spans'] })
      const first = await t.timed(() => markHours(t, [1]))
      await t.pass(5_000)
      await markHours(t, [2])
      const state = await stateOf(t, 'stats')
      assert.equal(state.hasMarks, true)
      assertInstant(state.oldestMarkAt, first)
      assert.deepEqual(state.dirty, [])
      assertFields(await stateOf(t, 'other'), { hasMarks: false, oldestMarkAt: null })
    }),
  ],
}
