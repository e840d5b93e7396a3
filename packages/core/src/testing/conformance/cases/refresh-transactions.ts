/** Cases: rows and the state of their windows are committed together, or neither is. */
import assert from 'node:assert/strict'
import type { WindowCommit, WindowCommitReply } from '../../../store/windows.ts'
import type { CaseGroup, ConformanceCase } from '../conformance-case.ts'
import { assertFields, only, present } from '../expectations.ts'
import { claimHours, commitOf, REFRESH, refresh, startWorker } from '../refresh-steps.ts'
import { claimIds, enqueueRequest, finish } from '../run-steps.ts'
import type { Trial } from '../trial.ts'
import {
  collectAll,
  collectOne,
  defineRollup,
  dirtyHours,
  drain,
  drainAll,
  emptyDrain,
  groupsOf,
  hour,
  isDirty,
  markHours,
  soilHours,
  watermarkOf,
  windowsOf,
} from '../window-steps.ts'

function transactional(name: string, run: ConformanceCase['run']): ConformanceCase {
  return { name, clocks: 'given', needs: ['windows', 'transactions'], run }
}

/** What a refresh writes in its transaction: the store's own verbs that join one stand for the rows of a user. */
async function write(t: Trial, tx: unknown): Promise<string> {
  const request = enqueueRequest(t, REFRESH)
  await t.store.runs.enqueue({ requests: [request], tx, ...t.at() })
  return request.id
}

async function commitWith(t: Trial, work: (tx: unknown) => Promise<WindowCommit>): Promise<WindowCommitReply> {
  const windows = windowsOf(t)
  return (await present(windows.commitWith, 'commitWith').call(windows, { work, ...t.at() })).reply
}

export const refreshTransactionCases: CaseGroup = {
  name: 'refresh transactions',
  cases: [
    transactional('what the work wrote and the windows are committed together', async (t) => {
      await defineRollup(t, 'stats')
      await defineRollup(t, 'parent', { sources: ['rollup:stats'] })
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [0])
      const marks = [{ source: 'rollup:stats', from: hour(0).start, to: hour(0).end, kind: 'changed' }] as const
      let written = ''
      const reply = await commitWith(t, async (tx) => {
        written = await write(t, tx)
        assert.deepEqual(await claimIds(t, 'a'), [], 'nothing is seen before the commit')
        return commitOf(worker, claimed, { marks })
      })
      assert.deepEqual(reply, { status: 'committed', watermark: hour(1).start })
      assert.deepEqual(await claimIds(t, 'a'), [written])
      assert.equal(await isDirty(t, 'stats', 0), false)
      assert.equal((await collectOne(t, 'rollup:stats')).marks.length, 1)
    }),
    transactional('a refusal rolls back what the work wrote', async (t) => {
      const generation = await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [0])
      const written: string[] = []
      const send = async (commit: WindowCommit): Promise<string> =>
        (
          await commitWith(t, async (tx) => {
            written.push(await write(t, tx))
            return commit
          })
        ).status
      assert.equal(await send(commitOf(worker, [...claimed, { start: hour(1).start, seq: 0 }])), 'stale', 'not held')
      assert.equal(await isDirty(t, 'stats', 0), true)
      await defineRollup(t, 'stats', { hash: 'v2', expectedGeneration: generation })
      assert.equal(await send(commitOf(worker, claimed)), 'redefined')
      await finish(t, worker.run)
      assert.equal(await send(commitOf(worker, claimed)), 'stale', 'ended')
      assert.equal(written.length, 3)
      assert.deepEqual(await claimIds(t, 'a'), [])
      assert.equal(await watermarkOf(t, 'stats'), 0)
    }),
    transactional('a refresh that was recorded before is not written again, and counts as committed', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const commit = commitOf(worker, await claimHours(t, worker, [0]))
      const written: string[] = []
      const send = (): Promise<WindowCommitReply> =>
        commitWith(t, async (tx) => {
          written.push(await write(t, tx))
          return commit
        })
      const first = await send()
      assert.deepEqual(first, { status: 'committed', watermark: hour(1).start })
      assert.deepEqual(await send(), first, 'its reply may have been lost')
      assert.equal(written.length, 2)
      assert.deepEqual(await claimIds(t, 'a'), written.slice(0, 1))
    }),
    transactional('a run that ends while its work goes on commits nothing', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [0])
      let written = ''
      const { status } = await commitWith(t, async (tx) => {
        written = await write(t, tx)
        await finish(t, worker.run, { to: 'dead', reason: 'given up' })
        return commitOf(worker, claimed)
      })
      assert.equal(status, 'stale')
      assert.deepEqual(await claimIds(t, 'a'), [], `nothing of ${written}`)
      assert.deepEqual(await dirtyHours(t, 'stats'), [0])
    }),
    transactional('an error of the work rolls back, and is thrown', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      const claimed = await claimHours(t, worker, [0])
      const wrong = new Error('division by zero')
      let written = ''
      const failing = commitWith(t, async (tx) => {
        written = await write(t, tx)
        throw wrong
      })
      await assert.rejects(failing, (error) => error === wrong || (error as Error).cause === wrong)
      assert.deepEqual(await claimIds(t, 'a'), [], `nothing of ${written}`)
      assert.equal(await isDirty(t, 'stats', 0), true)
      await refresh(t, worker, [0])
      assert.equal(claimed.length, 1)
    }),
    transactional('a mark that is drained while the work goes on is not lost, and waits for nothing', async (t) => {
      await defineRollup(t, 'stats')
      const worker = await startWorker(t, 'stats')
      await soilHours(t, [0])
      const claimed = await claimHours(t, worker, [0])
      await commitWith(t, async (tx) => {
        await write(t, tx)
        await markHours(t, [0])
        const marked = await collectOne(t)
        assert.equal((await drain(t, emptyDrain(marked, { groups: groupsOf(marked) }))).status, 'drained')
        return commitOf(worker, claimed)
      })
      // The store may have left the mark in the log.
      if ((await collectAll(t)).length > 0) await drainAll(t)
      assert.deepEqual(await dirtyHours(t, 'stats'), [0])
    }),
    transactional('a transaction apart from refreshes is committed, unless its work fails', async (t) => {
      await defineRollup(t, 'stats')
      await startWorker(t, 'stats')
      const windows = windowsOf(t)
      const writeWith = present(windows.writeWith, 'writeWith').bind(windows)
      const { value } = await writeWith({ work: (tx) => write(t, tx) })
      const wrong = new Error('no space')
      const failing = writeWith({
        work: async (tx) => {
          await write(t, tx)
          throw wrong
        },
      })
      await assert.rejects(failing, (error) => error === wrong || (error as Error).cause === wrong)
      assert.deepEqual(await claimIds(t, 'a'), [value])
    }),
    transactional('a mark in a transaction is there when its data is', async (t) => {
      await defineRollup(t, 'stats')
      const marks = [{ source: 'calls', from: hour(1).start, to: hour(1).end, kind: 'added' }] as const
      const begin = present(t.harness.begin, 'begin() of the harness')
      const lost = await begin.call(t.harness)
      await windowsOf(t).mark({ marks, tx: lost.tx, ...t.at() })
      await lost.rollback()
      const kept = await begin.call(t.harness)
      await windowsOf(t).mark({ marks, tx: kept.tx, ...t.at() })
      assert.deepEqual(await collectAll(t), [])
      await kept.commit()
      assertFields(only((await collectOne(t)).marks, 'marks'), { from: hour(1).start, to: hour(1).end, kind: 'added' })
    }),
    transactional('a transaction that is open for long does not lose its mark to a later one', async (t) => {
      await defineRollup(t, 'stats')
      const begin = present(t.harness.begin, 'begin() of the harness')
      const early = await begin.call(t.harness)
      await windowsOf(t).mark({
        marks: [{ source: 'calls', from: hour(1).start, to: hour(1).end, kind: 'added' }],
        tx: early.tx,
        ...t.at(),
      })
      await soilHours(t, [2])
      await early.commit()
      await drainAll(t)
      assert.deepEqual([...(await dirtyHours(t, 'stats'))].sort(), [1, 2])
    }),
  ],
}
