/** Refreshes windows that the run holds: all at once, and in halves where that fails. */
import { retryDelay } from '../job/retry-delay.ts'
import { toStoredError } from '../observe/stored-error.ts'
import type { ClaimedWindow, RefresherRefusal, WindowCommit } from '../store/windows.ts'
import { halve, judgeFailure } from './batches.ts'
import { floorEdge } from './due.ts'
import { batchSize, paceAfterBatch, paceAfterFailure, paceOfRun, writePace } from './pace.ts'
import { parentMarks } from './parent-marks.ts'
import type { ReadRefreshResult } from './read-refresh-result.ts'
import { refreshPart } from './refresh-part.ts'
import { type RefreshWork, staleRun } from './refresh-work.ts'

/** What the batch is refreshed for. */
export interface BatchFacts {
  /** The store's, of the claim. */
  readonly now: number
  /** By start: refreshes of a window that failed before. Absent: none. */
  readonly attempts: ReadonlyMap<number, number>
  /** Starts of windows that were marked; what they cost paces the gathering of marks. */
  readonly marked: ReadonlySet<number>
}

/** `stop`: the run should look no further; `retryMs`: and not sooner than that. */
export type BatchEnd = { readonly kind: 'done' | 'redefined' } | { readonly kind: 'stop'; readonly retryMs: number }

/** Batches in a row that may fail whole before a run gives way to a later one. */
const MOST_FAILING = 3
const LEAST_RETRY_MS = 1_000

/** Throws what aborted the run, or `StaleLease` when the run lost its windows. */
export async function refreshBatch(work: RefreshWork, batch: readonly ClaimedWindow[], facts: BatchFacts): Promise<BatchEnd> {
  const floor = floorEdge(work.rollup.policy, facts.now)
  const expired = batch.filter(({ start }) => start < floor)
  const letGo = await letGoOfExpired(work, expired)
  if (letGo !== null) return { kind: letGo }
  const ordered = batch.filter(({ start }) => start >= floor).sort((a, b) => a.start - b.start)
  const parts: (readonly ClaimedWindow[])[] = ordered.length === 0 ? [] : [ordered]
  const failed = { count: 0, least: ordered.length, refreshed: 0, delayMs: 0 }
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    work.ctx.signal.throwIfAborted()
    const windows = part
    const ended = await refreshPart(work, { windows, claimedAt: facts.now }, (read, elapsedMs) =>
      commitOf(work, { part: windows, read, elapsedMs, facts }),
    )
    if (ended.kind === 'refused') return refused(work, ended.refusal)
    if (ended.kind === 'refreshed') {
      failed.refreshed += part.length
      work.tally.refreshed += part.length
      work.tally.suspect += ended.suspects
      continue
    }
    work.ctx.signal.throwIfAborted()
    failed.count++
    failed.least = Math.min(failed.least, part.length)
    const attempts = part.map(({ start }) => facts.attempts.get(start) ?? 0)
    const { error } = ended
    const verdict = judgeFailure({ error, size: part.length, failures: failed.count, attempts }, work.rollup.policy.retry, work.deps.random)
    if (verdict.kind === 'split') {
      const [first, second] = halve(part)
      parts.push(second, first)
      continue
    }
    failed.delayMs = Math.max(failed.delayMs, ...verdict.delaysMs.map((delay) => delay ?? 0))
    work.pace = paceAfterFailure(work.pace, failed.least)
    const refusal = await putOff(work, { part, error, delaysMs: verdict.delaysMs })
    if (refusal !== null) return refused(work, refusal)
    if (verdict.stop) return stop(work, failed.delayMs)
  }
  if (failed.count > 0 && failed.refreshed === 0 && work.pace.failing >= MOST_FAILING) return stop(work, failed.delayMs)
  return { kind: 'done' }
}

/** Where nothing can be refreshed, runs come less and less often. */
function stop({ rollup, pace, deps }: RefreshWork, delayMs: number): BatchEnd {
  const { retry } = rollup.policy
  return { kind: 'stop', retryMs: Math.max(LEAST_RETRY_MS, delayMs, retryDelay(retry, pace.failing, deps.random)) }
}

function refused(work: RefreshWork, refusal: RefresherRefusal): BatchEnd {
  if (refusal === 'stale') throw staleRun(work)
  return { kind: 'redefined' }
}

/** Dirty, and past what is kept: the rows stay as they are, and so does what was once put together from them. */
async function letGoOfExpired(work: RefreshWork, expired: readonly ClaimedWindow[]): Promise<'redefined' | null> {
  if (expired.length === 0) return null
  const commit: WindowCommit = { ...work.refresher, windows: expired.map(({ start, seq }) => ({ start, seq })), marks: [] }
  const { replies } = await work.deps.call('windows.commit', (windows) => windows.commit({ commits: [commit] }))
  if (replies[0]?.status === 'stale') throw staleRun(work)
  return replies[0]?.status === 'redefined' ? 'redefined' : null
}

/** The commit of a part, and with it what it cost. */
function commitOf(
  work: RefreshWork,
  {
    part,
    read,
    elapsedMs,
    facts,
  }: { readonly part: readonly ClaimedWindow[]; readonly read: ReadRefreshResult; readonly elapsedMs: number; readonly facts: BatchFacts },
): WindowCommit {
  const { policy } = work.rollup
  const marked = part.filter(({ start }) => facts.marked.has(start)).length
  work.busyMs += (elapsedMs * marked) / part.length
  const size = batchSize(work.pace, policy.batch)
  const pace = paceAfterBatch(work.pace, { windows: part.length, elapsedMs }, policy.batch)
  // Halves of a batch that failed say what a window takes, not how many fit.
  work.pace = part.length < size && pace.batch !== null && pace.batch > size ? { ...pace, batch: size } : pace
  const before = work.paceBefore ?? work.pace
  work.pace = paceOfRun(work.pace, { before, busyMs: work.busyMs, now: facts.now })
  return {
    ...work.refresher,
    windows: part.map(({ start, seq }) => {
      const suspect = read.suspect.get(start)
      return { start, seq, ...(suspect === undefined ? {} : { suspect }) }
    }),
    marks: parentMarks(work.rollup.name, part, read),
    pace: writePace(work.pace),
  }
}

async function putOff(
  work: RefreshWork,
  {
    part,
    error,
    delaysMs,
  }: { readonly part: readonly ClaimedWindow[]; readonly error: unknown; readonly delaysMs: readonly (number | null)[] },
): Promise<RefresherRefusal | null> {
  const stored = toStoredError(error)
  const failure = {
    ...work.refresher,
    windows: part.map(({ start }, index) => ({ start, error: stored, retryDelayMs: delaysMs[index] ?? null })),
    pace: writePace(work.pace),
  }
  const { replies } = await work.deps.call('windows.fail', (windows) => windows.fail({ failures: [failure] }))
  const reply = replies[0] ?? 'stale'
  if (reply !== 'failed') return reply
  work.tally.failed += part.length
  work.error = error
  return null
}
