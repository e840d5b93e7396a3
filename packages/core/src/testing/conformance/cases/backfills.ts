/** Cases: backfills are created, found, paused, resumed and cancelled. */
import assert from 'node:assert/strict'
import type { BackfillRequest } from '../../../store/backfills.ts'
import { windowed, type CaseGroup } from '../conformance-case.ts'
import { assertFields } from '../expectations.ts'
import { backfillRequest, control, createBackfill, getBackfill, sendBackfill, sendControl, stamp } from '../backfill-steps.ts'
import { claimHours, commit, REFRESH, startWorker } from '../refresh-steps.ts'
import { enqueueRequest, statesOf } from '../run-steps.ts'
import type { Trial } from '../trial.ts'
import { defineRollup, hour, isDirty, numbersOf, windowOf, windowRecords, windowsOf } from '../window-steps.ts'

async function idsOf(
  t: Trial,
  request: { readonly rollup?: string; readonly unfinished?: boolean; readonly limit?: number },
): Promise<readonly string[]> {
  return (await windowsOf(t).backfills.find({ limit: 10, ...request })).backfills.map(({ id }) => id)
}

export const backfillCases: CaseGroup = {
  name: 'backfills',
  cases: [
    windowed('a backfill begins at its edge, and its runs are made with it', async (t) => {
      await defineRollup(t, 'stats')
      const runs = [enqueueRequest(t, REFRESH), enqueueRequest(t, REFRESH)]
      await createBackfill(t, { id: 'up', hours: [0, 4], select: 'missing', concurrency: 3, enqueue: runs })
      assert.deepEqual(await getBackfill(t, 'up'), {
        id: 'up',
        rollup: 'stats',
        from: hour(0).start,
        to: hour(4).start,
        select: 'missing',
        order: 'oldest',
        concurrency: 3,
        state: 'running',
        reason: null,
        cursor: hour(0).start,
        exhausted: false,
        windows: 4,
        stamped: 0,
        done: 0,
        failed: 0,
        createdAt: await t.now(),
        finishedAt: null,
      })
      assert.deepEqual(
        await statesOf(
          t,
          runs.map(({ id }) => id),
        ),
        ['pending', 'pending'],
      )
      await createBackfill(t, { id: 'down', hours: [4, 8], order: 'newest' })
      assert.equal((await getBackfill(t, 'down')).cursor, hour(8).start)
    }),
    windowed('the same backfill again is the one that exists', async (t) => {
      await defineRollup(t, 'stats')
      const wanted = { id: 'b', hours: [0, 4] as const }
      await createBackfill(t, wanted)
      await stamp(t, 'b', { hours: [0], cursor: 1 })
      const run = enqueueRequest(t, REFRESH)
      assert.deepEqual(await sendBackfill(t, { ...wanted, enqueue: [run] }), { status: 'exists', id: 'b' })
      assertFields(await getBackfill(t, 'b'), { cursor: hour(1).start, stamped: 1 })
      assert.deepEqual(await idsOf(t, {}), ['b'])
    }),
    windowed('unfinished backfills of a rollup do not overlap', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'other')
      await createBackfill(t, { id: 'b', hours: [2, 5] })
      const run = enqueueRequest(t, REFRESH)
      for (const hours of [
        [0, 3],
        [4, 6],
        [3, 4],
        [0, 9],
      ] as const) {
        assert.deepEqual(await sendBackfill(t, { id: `c${hours[0]}`, hours, enqueue: [run] }), { status: 'overlaps', id: 'b' })
      }
      assert.deepEqual(await statesOf(t, [run.id]), [null])
      await createBackfill(t, { id: 'before', hours: [0, 2] })
      await createBackfill(t, { id: 'behind', hours: [5, 6] })
      await createBackfill(t, { id: 'other', rollup: 'other', hours: [0, 9] })
      await control(t, 'b', 'pause')
      assert.equal((await sendBackfill(t, { id: 'c', hours: [3, 4] })).status, 'overlaps', 'a paused one has not ended')
      await control(t, 'b', 'cancel')
      await createBackfill(t, { id: 'c', hours: [3, 4] })
    }),
    windowed('a backfill that knows another definition is refused', async (t) => {
      const generation = await defineRollup(t, 'stats')
      assert.equal((await sendBackfill(t, { id: 'b', hours: [0, 4], generation: generation + 1 })).status, 'redefined')
      const nothing = { id: 'b', rollup: 'nothing', hours: [0, 4], generation } as const
      assert.equal((await sendBackfill(t, nothing)).status, 'redefined')
      assert.deepEqual((await windowsOf(t).backfills.get({ ids: ['b'] })).backfills, [null])
    }),
    windowed('backfills are found newest first, by rollup, and whether they have ended', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'other')
      for (const [id, rollup, first] of [
        ['a', 'stats', 0],
        ['b', 'other', 0],
        ['c', 'stats', 2],
        ['d', 'stats', 4],
      ] as const) {
        const wanted: Partial<BackfillRequest> = { rollup }
        await createBackfill(t, { ...wanted, id, hours: [first, first + 2] })
        await t.pass(1_000)
      }
      await control(t, 'c', 'cancel')
      await control(t, 'a', 'pause')
      assert.deepEqual(await idsOf(t, {}), ['d', 'c', 'b', 'a'])
      assert.deepEqual(await idsOf(t, { rollup: 'stats', unfinished: true }), ['d', 'a'])
      assert.deepEqual(await idsOf(t, { limit: 2 }), ['d', 'c'])
      const { backfills } = await windowsOf(t).backfills.get({ ids: ['c', 'nothing', 'a'] })
      assert.deepEqual(
        backfills.map((one) => one?.id ?? null),
        ['c', null, 'a'],
      )
    }),
    windowed('a paused backfill keeps everything, and is not worked on', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await createBackfill(t, { id: 'b', hours: [0, 4] })
      await stamp(t, 'b', { hours: [0, 1], cursor: 2 })
      assert.deepEqual(await sendControl(t, { id: 'b', action: 'pause', reason: 'too busy', enqueue: [] }), true)
      assert.equal(await control(t, 'b', 'pause'), false, 'as it is already')
      assertFields(await getBackfill(t, 'b'), {
        state: 'paused',
        reason: 'too busy',
        cursor: hour(2).start,
        stamped: 2,
        done: 0,
        finishedAt: null,
      })
      assert.deepEqual(await claimHours(t, worker, [0, 1], 'stamped'), [])
      assert.equal(await stamp(t, 'b', { hours: [2], cursor: 3 }), 'ended')
      assert.equal((await windowOf(t, 'stats', 1)).backfill, 'b')
    }),
    windowed('a resumed backfill goes on, with runs that were made with it', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await createBackfill(t, { id: 'b', hours: [0, 4] })
      await stamp(t, 'b', { hours: [0, 1], cursor: 2 })
      const [early, run] = [enqueueRequest(t, REFRESH), enqueueRequest(t, REFRESH)]
      assert.equal(await sendControl(t, { id: 'b', action: 'resume', reason: null, enqueue: [early] }), false, 'it runs')
      await control(t, 'b', 'pause')
      assert.equal(await sendControl(t, { id: 'b', action: 'resume', reason: null, enqueue: [run] }), true)
      assert.deepEqual(await statesOf(t, [early.id, run.id]), [null, 'pending'])
      assertFields(await getBackfill(t, 'b'), { state: 'running', cursor: hour(2).start })
      assert.deepEqual(numbersOf(await claimHours(t, worker, [0, 1], 'stamped')), [0, 1])
      assert.equal(await stamp(t, 'b', { hours: [2], cursor: 3 }), 'stamped')
    }),
    windowed('a cancelled backfill takes its stamps off, whoever holds the windows', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await createBackfill(t, { id: 'b', hours: [0, 4] })
      await stamp(t, 'b', { hours: [0, 1, 2], cursor: 3 })
      const claimed = await claimHours(t, worker, [1], 'stamped')
      assert.equal(await sendControl(t, { id: 'b', action: 'cancel', reason: 'not needed', enqueue: [] }), true)
      assertFields(await getBackfill(t, 'b'), { state: 'cancelled', reason: 'not needed', stamped: 3, done: 0, failed: 0 })
      assert.deepEqual(await windowRecords(t, 'stats', 'b'), [])
      assert.deepEqual(numbersOf(await windowRecords(t, 'stats')), [1], 'only what is held is still exceptional')
      assert.deepEqual(await claimHours(t, worker, [0, 2], 'stamped'), [])
      await commit(t, worker, claimed)
      assert.equal(await isDirty(t, 'stats', 1), false)
      assertFields(await getBackfill(t, 'b'), { state: 'cancelled', done: 0 })
    }),
    windowed('what has ended is not changed any more', async (t) => {
      await defineRollup(t, 'stats')
      await createBackfill(t, { id: 'b', hours: [0, 4] })
      await control(t, 'b', 'cancel')
      await createBackfill(t, { id: 'c', hours: [0, 4] })
      await stamp(t, 'c', { hours: [], cursor: 4 })
      assert.equal((await getBackfill(t, 'c')).state, 'finished')
      for (const id of ['b', 'c', 'nothing']) {
        for (const action of ['pause', 'resume', 'cancel'] as const) assert.equal(await control(t, id, action), false, `${action} ${id}`)
      }
      assert.equal(await stamp(t, 'b', { hours: [1], cursor: 2 }), 'ended')
      assert.deepEqual(await windowRecords(t, 'stats'), [])
    }),
    windowed('of a rollup, the newest 200 are kept, for 90 days after their end, and all that go on', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'other')
      await createBackfill(t, { id: 'foreign', hours: [0, 1], rollup: 'other' })
      await control(t, 'foreign', 'cancel')
      const names = Array.from({ length: 200 }, (_, number) => `b${number}`)
      const backfills = await Promise.all(names.map((id, number) => backfillRequest(t, { id, hours: [number, number + 1] })))
      await windowsOf(t).backfills.create({ backfills, ...t.at() })
      const controls = names.slice(1).map((id) => ({ id, action: 'cancel' as const, reason: null, enqueue: [] }))
      await windowsOf(t).backfills.control({ controls, ...t.at() })
      const known = async (): Promise<readonly string[]> => [...(await idsOf(t, { rollup: 'stats', limit: 500 }))].reverse()
      await createBackfill(t, { id: 'c', hours: [500, 501] })
      assert.deepEqual(await known(), ['b0', ...names.slice(2), 'c'])
      await t.pass(90 * 86_400_000)
      await createBackfill(t, { id: 'd', hours: [501, 502] })
      assert.deepEqual(await known(), ['b0', ...names.slice(3), 'c', 'd'])
      await t.pass(1)
      await createBackfill(t, { id: 'e', hours: [502, 503] })
      assert.deepEqual(await known(), ['b0', ...names.slice(52), 'c', 'd', 'e'])
      assert.equal((await getBackfill(t, 'foreign')).state, 'cancelled')
    }),
  ],
}
