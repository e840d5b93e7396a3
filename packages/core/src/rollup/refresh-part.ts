/** One call of a user's refresh, under its timeout, and the record of how it ended. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { ClaimedWindow, RefresherRefusal, WindowCommit } from '../store/windows.ts'
import { readRefreshResult, type ReadRefreshResult } from './read-refresh-result.ts'
import type { RefreshWork } from './refresh-work.ts'
import { staleRun } from './refresh-work.ts'
import type { RefreshContext, RefreshRequest } from './rollup.ts'

export type PartEnd =
  | { readonly kind: 'refreshed'; readonly suspects: number }
  | { readonly kind: 'refused'; readonly refusal: RefresherRefusal }
  | { readonly kind: 'threw'; readonly error: unknown }

/** Makes the commit of a refresh that took `elapsedMs`. */
export type MakeCommit = (read: ReadRefreshResult, elapsedMs: number) => WindowCommit

/** What is refreshed at a time. */
export interface Part {
  /** Oldest first. */
  readonly windows: readonly ClaimedWindow[]
  /** The store's clock when they were claimed. */
  readonly claimedAt: number
}

/** Refreshes windows, and commits them. Throws what the store throws. */
export async function refreshPart(work: RefreshWork, { windows: part, claimedAt }: Part, makeCommit: MakeCommit): Promise<PartEnd> {
  const { rollup, deps, ctx } = work
  const what = { rollup: rollup.name, isCommitted: false }
  const beganAt = deps.clock.monotonic()
  const elapsedMs = (): number => deps.clock.monotonic() - beganAt
  const timeout = startTimeout(work)
  const committing = createCommitting(work, part, { signal: timeout.signal, makeCommit: (read) => makeCommit(read, elapsedMs()) })
  const end = (read: ReadRefreshResult): PartEnd => ({ kind: 'refreshed', suspects: read.suspect.size })
  let read: ReadRefreshResult
  try {
    const answer: unknown = await rollup.policy.refresh(
      requestOf(part),
      contextOf(work, claimedAt, { signal: timeout.signal, commitWith: committing.commitWith }),
    )
    read = readRefreshResult(answer, part, what)
  } catch (error) {
    // Recorded is recorded, whatever happened after it.
    if (committing.read !== null) {
      ctx.log.warn({ err: error, rollup: rollup.name }, 'a refresh failed after its commit; its windows are refreshed')
      return end(committing.read)
    }
    if (committing.refusal !== null) return { kind: 'refused', refusal: committing.refusal }
    return { kind: 'threw', error: timeout.error ?? error }
  } finally {
    timeout.clear()
  }
  if (committing.read !== null) return end(committing.read)
  if (committing.refusal !== null) return { kind: 'refused', refusal: committing.refusal }
  const commit = makeCommit(read, elapsedMs())
  const { replies } = await deps.call('windows.commit', (windows) => windows.commit({ commits: [commit] }))
  const status = replies[0]?.status ?? 'stale'
  return status === 'committed' ? end(read) : { kind: 'refused', refusal: status }
}

function requestOf(part: readonly ClaimedWindow[]): RefreshRequest {
  return {
    windows: part.map(({ start, end, removed }) => ({ start: new Date(start), end: new Date(end), removed })),
    from: new Date(part.at(0)?.start ?? 0),
    to: new Date(part.at(-1)?.end ?? 0),
  }
}

/**
 * Its fence is that of the claim of the windows, in µs of the store's clock as the run's is: a run that was claimed earlier may take over
 * windows that a later one lost, and must not be the lower one there.
 */
function contextOf({ ctx, rollup }: RefreshWork, claimedAt: number, over: Pick<RefreshContext, 'signal' | 'commitWith'>): RefreshContext {
  const { runId, job, attempt, log } = ctx
  const fence = Math.max(ctx.fence, claimedAt * 1_000)
  const { timeoutMs } = rollup.policy
  return Object.freeze({ ...over, timeoutMs, runId, job, attempt, fence, log, progress: (value: unknown) => ctx.progress(value) })
}

interface Timeout {
  readonly signal: AbortSignal
  /** Once it is over. */
  readonly error: QuarterjackError | null
  clear(): void
}

/** A refresh that goes on after its timeout is awaited: until it returns, nobody else may refresh its windows. */
function startTimeout({ rollup, ctx, deps }: RefreshWork): Timeout {
  const { timeoutMs } = rollup.policy
  if (timeoutMs === null) return { signal: ctx.signal, error: null, clear: () => undefined }
  const controller = new AbortController()
  let error: QuarterjackError | null = null
  const timer = deps.clock.setTimer(() => {
    error = new QuarterjackError(
      'AttemptTimedOut',
      `A refresh of rollup "${rollup.name}" did not end within its timeout of ${timeoutMs} ms.`,
    )
    controller.abort(error)
  }, timeoutMs)
  return {
    signal: AbortSignal.any([ctx.signal, controller.signal]),
    get error() {
      return error
    },
    clear: () => deps.clock.clearTimer(timer),
  }
}

interface Committing {
  readonly commitWith: RefreshContext['commitWith']
  /** What the work answered, once it is committed. */
  readonly read: ReadRefreshResult | null
  readonly refusal: RefresherRefusal | null
}

function createCommitting(
  work: RefreshWork,
  part: readonly ClaimedWindow[],
  { signal, makeCommit }: { readonly signal: AbortSignal; readonly makeCommit: (read: ReadRefreshResult) => WindowCommit },
): Committing {
  const { windows } = work.deps
  let isUsed = false
  let read: ReadRefreshResult | null = null
  let refusal: RefresherRefusal | null = null

  const commitWith: RefreshContext['commitWith'] = async (toDo) => {
    if (isUsed)
      throw new QuarterjackError(
        'InvalidOption',
        `rollup "${work.rollup.name}": commitWith was called twice in one refresh. Do all of its work in one.`,
      )
    if (windows.commitWith === undefined) {
      throw new QuarterjackError(
        'TransactionsUnsupported',
        `rollup "${work.rollup.name}": commitWith: the store shares no transactions. Write the rows on your own connection, and return.`,
      )
    }
    isUsed = true
    let answered: ReadRefreshResult | null = null
    const { reply } = await windows.commitWith({
      work: async (tx) => {
        const answer: unknown = await toDo(tx)
        answered = readRefreshResult(answer, part, { rollup: work.rollup.name, isCommitted: true })
        // Nothing is committed for a run that was told to end.
        signal.throwIfAborted()
        return makeCommit(answered)
      },
      signal,
      withinMs: work.rollup.policy.timeoutMs ?? undefined,
    })
    if (reply.status === 'committed') {
      read = answered
      return
    }
    refusal = reply.status
    if (refusal === 'stale') throw staleRun(work)
    throw new QuarterjackError(
      'NonRetryable',
      `rollup "${work.rollup.name}" was defined anew meanwhile: the refresh was rolled back, and is for those that know the new definition.`,
    )
  }

  return {
    commitWith,
    get read() {
      return read
    },
    get refusal() {
      return refusal
    },
  }
}
