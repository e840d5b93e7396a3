/** Claiming windows for a run. Only a run that is `running` under its fence holds any. */
import type { Refresher, RefresherRefusal, WindowBid, WindowClaim, WindowClaimReply } from '../store/windows.ts'
import type { Tick } from '../store/tick.ts'
import type { RunRow } from './rows.ts'
import { begin, type MemoryState } from './state.ts'
import { takeOverExpired } from './take-over.ts'
import type { RollupRow, WindowRow } from './window-rows.ts'
import { holderOf, obtainWindow, soil } from './window-state.ts'

/** A run that may work on a rollup. */
export interface Admitted {
  readonly rollup: RollupRow
  readonly run: RunRow
}

/** Whether the run still runs, and knows the rollup as it is. */
export function admit(state: MemoryState, { rollup: name, generation, runId, fence }: Refresher): Admitted | RefresherRefusal {
  const run = state.runs.get(runId)
  if (run === undefined || run.state !== 'running' || run.fence !== fence) return 'stale'
  const rollup = state.windows.rollups.get(name)
  return rollup === undefined || rollup.generation !== generation ? 'redefined' : { rollup, run }
}

/** The verb. */
export function claimWindows(
  state: MemoryState,
  request: { readonly claims: readonly WindowClaim[]; readonly now?: number | undefined },
): { replies: WindowClaimReply[] } & Tick {
  begin(state, request.now)
  takeOverExpired(state)
  return { replies: request.claims.map((claim) => claimFor(state, claim)), storeNow: state.now }
}

function claimFor(state: MemoryState, claim: WindowClaim): WindowClaimReply {
  const admitted = admit(state, claim)
  if (typeof admitted === 'string') return { status: admitted, windows: [] }
  const rows = claim.windows.map((bid) => take(state, admitted, bid)).filter((row) => row !== null)
  return { status: 'claimed', windows: rows.map(({ start, end, seq, removed }) => ({ start, end, seq, removed })) }
}

function take(state: MemoryState, { rollup, run }: Admitted, bid: WindowBid): WindowRow | null {
  const known = rollup.windows.get(bid.start)
  const holder = known === undefined ? null : holderOf(known)
  if ((holder !== null && holder !== run) || !isAsBid(rollup, known, bid)) return null
  const row = known ?? obtainWindow(rollup, bid.start, bid.end)
  // Asked again, it stays as it was taken: a first try that comes late knows less than the refresh under way.
  if (holder === null) {
    row.hold = {
      run,
      fence: run.fence,
      isDue: state.now >= bid.dueAt,
      backfill: row.backfill,
      laterSince: null,
      laterRemoved: false,
    }
  }
  rollup.taken.add(row)
  // Were the run abandoned, nobody would know what it had done.
  if (row.dirtySince === null) soil(row, state.now, false)
  return row
}

function isAsBid({ watermark }: RollupRow, row: WindowRow | undefined, { when, end }: WindowBid): boolean {
  switch (when) {
    case 'dirty':
      return row !== undefined && row.dirtySince !== null
    case 'missing':
      return end > watermark && row?.complete !== true
    case 'stamped':
      return row?.backfill?.state === 'running'
    case 'any':
      return true
  }
}
