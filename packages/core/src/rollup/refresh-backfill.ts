/**
 * The body of a run that works on a backfill: stamps the next stretch, claims what is stamped, refreshes it, until the range is exhausted.
 * Everything about its progress is in the store, so that any number of runs share it, and any run goes on after any crash.
 */
import type { BackfillRecord, WindowRecord } from '../store/window-records.ts'
import type { RollupState } from '../store/windows.ts'
import { MAX_INSTANT } from '../time/zone.ts'
import { progressOf } from './backfill-progress.ts'
import { dueAtOf } from './due.ts'
import { batchSize } from './pace.ts'
import { nextStretch, planStamp } from './plan-backfill.ts'
import { type BatchEnd, refreshBatch } from './refresh-batch.ts'
import { createRefreshWork, endOf, lookAtRollup, type RefreshEnd, type RefreshRun, type RefreshWork, staleRun } from './refresh-work.ts'

/** Stamped windows that one look brings. */
const MOST_PENDING = 2_000
/** More are stamped only while fewer wait to be refreshed. */
const ENOUGH_PENDING = 1_000
/** What others hold, or who cannot go on, is looked at again after this long. */
const LOOK_AGAIN_MS = 5_000

export interface BackfillRun extends RefreshRun {
  readonly backfill: string
}

/** How it ended. `nextAt` null: there is nothing more to do for this lane. */
export interface BackfillEnd extends RefreshEnd {
  /** As it was last seen; null: it is unknown. */
  readonly backfill: BackfillRecord | null
}

/**
 * Works on a backfill until it is exhausted, paused, cancelled, or the budget is spent. Reports progress through the run. Throws as
 * {@link refreshWindows} does.
 */
export async function refreshBackfill(run: BackfillRun): Promise<BackfillEnd> {
  const work = createRefreshWork(run)
  for (;;) {
    run.ctx.signal.throwIfAborted()
    const looked = await look(work, run.backfill)
    const { backfill, state, now } = looked
    if (backfill !== null && now !== null) run.ctx.progress({ backfill: backfill.id, ...progressOf(backfill, now) })
    const end = (left: number, nextAt: number | null): BackfillEnd => ({
      ...endOf(work, { left, nextAt, isRedefined: state === null }),
      backfill,
    })
    if (backfill === null || backfill.state !== 'running') return end(0, null)
    if (state === null || now === null) return end(looked.pending.length, work.lookedAt === null ? null : work.lookedAt + LOOK_AGAIN_MS)
    const free = freeOf(looked.pending, { runId: run.ctx.runId, now, order: backfill.order })
    if (work.isOver()) return end(looked.pending.length, now)
    const ended = await takeBatch(work, free, looked)
    if (ended !== null) {
      if (ended.kind === 'redefined') return { ...end(free.length, now + LOOK_AGAIN_MS), isRedefined: true }
      if (ended.kind === 'stop') return end(free.length, now + ended.retryMs)
      continue
    }
    if (!backfill.exhausted && looked.pending.length < ENOUGH_PENDING) {
      await stampNext(work, backfill, { state, now })
      continue
    }
    // What is left is held by others, or was put off.
    return end(looked.pending.length, looked.pending.length === 0 ? null : nextTry(looked.pending, now))
  }
}

interface Looked {
  readonly backfill: BackfillRecord | null
  readonly pending: readonly WindowRecord[]
  /** Null: the rollup was defined anew, or is gone. */
  readonly state: RollupState | null
  readonly now: number | null
  readonly children: readonly number[]
}

async function look(work: RefreshWork, id: string): Promise<Looked> {
  const { rollup, deps } = work
  const [{ backfills }, seen] = await Promise.all([
    deps.call('backfills.get', (windows) => windows.backfills.get({ ids: [id] })),
    lookAtRollup(work, { limit: 1, after: null }),
  ])
  const backfill = backfills[0] ?? null
  const base = { backfill, state: seen?.state ?? null, now: seen?.now ?? null, children: seen?.children ?? [] }
  if (backfill === null || backfill.state !== 'running') return { ...base, pending: [] }
  const { from, to } = backfill
  const range = { rollup: rollup.name, from, to, backfill: id, limit: MOST_PENDING }
  const { windows: pending } = await deps.call('windows.list', (windows) => windows.list(range))
  return { ...base, pending }
}

function freeOf(
  pending: readonly WindowRecord[],
  { runId, now, order }: { readonly runId: string; readonly now: number; readonly order: 'newest' | 'oldest' },
): readonly WindowRecord[] {
  const free = pending.filter((record) => {
    if (record.runId !== null && record.runId !== runId) return false
    return record.error === null || record.retryAt === null || record.retryAt <= now
  })
  return order === 'newest' ? free.toReversed() : free
}

/** Claims and refreshes the next batch; null when there is none that others do not hold. */
async function takeBatch(work: RefreshWork, free: readonly WindowRecord[], { children }: Looked): Promise<BatchEnd | null> {
  const { policy } = work.rollup
  const size = batchSize(work.pace, policy.batch)
  const ready = Math.min(...children)
  for (let from = 0; from < free.length; from += size) {
    const records = free.slice(from, from + size)
    const windows = records.map(({ start, end }) => ({
      start,
      end,
      // What its children have not completed is refreshed, and completed later.
      dueAt: end <= ready ? dueAtOf(policy, { end }) : MAX_INSTANT,
      when: 'stamped' as const,
    }))
    const { replies, storeNow } = await work.deps.call('windows.claim', (store) =>
      store.claim({ claims: [{ ...work.refresher, windows }] }),
    )
    const reply = replies[0]
    if (reply === undefined || reply.status === 'stale') throw staleRun(work)
    if (reply.status === 'redefined') return { kind: 'redefined' }
    if (reply.windows.length === 0) continue
    const attempts = new Map(records.map((record) => [record.start, record.attempts]))
    return refreshBatch(work, reply.windows, { now: storeNow, attempts, marked: new Set() })
  }
  return null
}

/** Looks at the next stretch. Whoever was faster has moved the cursor: then nothing is written. */
async function stampNext(
  work: RefreshWork,
  backfill: BackfillRecord,
  { state, now }: { readonly state: RollupState; readonly now: number },
): Promise<void> {
  const { rollup, deps } = work
  const stretch = nextStretch(backfill, rollup.policy)
  const [first, last] = [stretch.at(0), stretch.at(-1)]
  const needsRecords = backfill.select !== 'all' && first !== undefined && last !== undefined
  const records = needsRecords
    ? (
        await deps.call('windows.list', (windows) =>
          windows.list({ rollup: rollup.name, from: first.start, to: last.end, limit: stretch.length }),
        )
      ).windows
    : []
  const stamp = planStamp(backfill, stretch, { rollup: rollup.policy, watermark: state.record.watermark, records, now })
  if (stamp !== null) await deps.call('backfills.stamp', (windows) => windows.backfills.stamp({ stamps: [stamp] }))
}

function nextTry(pending: readonly WindowRecord[], now: number): number {
  const put = pending.flatMap(({ retryAt }) => (retryAt !== null && retryAt > now ? [retryAt] : []))
  return put.length === 0 ? now + LOOK_AGAIN_MS : Math.min(...put)
}
