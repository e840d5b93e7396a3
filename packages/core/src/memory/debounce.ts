/** Debouncing: triggers of one (job, key) share a run while it is open (engine rules 21, 23). */
import { MAX_MERGING, type Debounce, type EnqueueRequest } from '../store/runs.ts'
import { unwait, withdraw } from './gates.ts'
import type { JobRow, RunRow } from './rows.ts'
import { placeRun } from './run-index.ts'
import { closeRun, type NewRun } from './run-rows.ts'
import type { MemoryState } from './state.ts'

/** What becomes of a debounced request: a run of its own, or its place in another one. */
export type DebounceVerdict =
  | { readonly outcome: 'create'; readonly run: Required<Pick<NewRun, 'runAt' | 'open' | 'debounced' | 'merging'>> }
  | { readonly outcome: 'coalesced' | 'dropped'; readonly id: string }

/** Decides, and takes the request into the open run if there is one. */
export function debounce(state: MemoryState, job: JobRow, request: EnqueueRequest, options: Debounce): DebounceVerdict {
  const window = job.windows.get(request.key, state.now)
  const open = job.keys.get(request.key)?.open ?? null
  if (open !== null && takeIn(state, open, request, options, window?.expiresAt)) return { outcome: 'coalesced', id: open.id }
  const merging = options.merge === 'list' ? payloadsOf(request) : null
  if (!options.leading) return create(state.now + options.waitMs, merging)
  if (window === undefined && open === null) {
    job.windows.set(request.key, request.id, { expiresAt: state.now + options.waitMs, now: state.now })
    return { outcome: 'create', run: { runAt: state.now, open: false, debounced: true, merging } }
  }
  if (!options.trailing && window !== undefined) {
    const lead = state.runs.get(window.value)
    if (lead !== undefined) lead.triggers += request.triggers
    return { outcome: 'dropped', id: window.value }
  }
  return create(window?.expiresAt ?? state.now, merging)

  function create(at: number, list: readonly string[] | null): DebounceVerdict {
    const runAt = Math.min(at, state.now + (options.maxWaitMs ?? Number.POSITIVE_INFINITY))
    return { outcome: 'create', run: { runAt, open: list === null || list.length < MAX_MERGING, debounced: true, merging: list } }
  }
}

/** False when its list has no room for the request: then the run is closed. */
function takeIn(state: MemoryState, row: RunRow, request: EnqueueRequest, options: Debounce, windowEndsAt: number | undefined): boolean {
  if (options.merge === 'list') {
    const merging = [...(row.merging ?? payloadsOf(row)), ...payloadsOf(request)]
    if (merging.length > MAX_MERGING) {
      closeRun(row)
      return false
    }
    row.merging = merging
    if (merging.length === MAX_MERGING) closeRun(row)
  } else if (options.merge === 'last') {
    row.payload = request.payload
    row.merging = null
  }
  row.triggers += request.triggers
  row.priority = Math.max(row.priority, request.priority)
  const until = options.leading ? (windowEndsAt ?? row.runAt) : state.now + options.waitMs
  postpone(state, row, Math.min(until, row.createdAt + (options.maxWaitMs ?? Number.POSITIVE_INFINITY)))
  return true
}

/** Gives an open run its new `runAt`; one that waited at a gate leaves it if it is not due any more. */
function postpone(state: MemoryState, row: RunRow, runAt: number): void {
  if (row.state === 'waiting' && runAt <= state.now) {
    row.runAt = runAt
    row.heap?.update(row)
    return
  }
  if (row.state === 'waiting') unwait(state, row)
  else withdraw(state, row)
  row.runAt = runAt
  placeRun(state, row)
}

function payloadsOf({
  merging,
  payload,
}: Pick<RunRow, 'payload'> & { readonly merging?: readonly string[] | null | undefined }): readonly string[] {
  return merging ?? (payload === null ? [] : [payload])
}
