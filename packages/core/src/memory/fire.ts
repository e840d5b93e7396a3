/** Firing: the cursor moves and the slot's records are written in one step (engine rules 2, 3, 4, 10). */
import type { ClaimAtOnce } from '../store/claim-at-once.ts'
import type { FiredRun, FireReply, Firing } from '../store/schedules.ts'
import type { Tick } from '../store/tick.ts'
import { isTerminal } from '../run/run-state.ts'
import { cancelRun } from './cancel.ts'
import { claimAtOnce, openClaim, type Claiming } from './claim.ts'
import { finishStanding } from './finish.ts'
import { recordSkip } from './ledger.ts'
import type { JobRow, RunRow, ScheduleDetail } from './rows.ts'
import { placeRun } from './run-index.ts'
import { createRun } from './run-rows.ts'
import { moveCursor, reindexSchedule } from './schedule-records.ts'
import { begin, type MemoryState } from './state.ts'
import { tickFor } from './tick.ts'

type FiredReply = FireReply['runs'][number]

/** A schedule that fires. */
interface Firer {
  readonly job: JobRow
  readonly row: number
  readonly ledger: ScheduleDetail
  readonly key: string
}

/** The verb. */
export function fire(
  state: MemoryState,
  request: {
    readonly firings: readonly Firing[]
    readonly claim?: ClaimAtOnce | undefined
    readonly lookedAt?: number | undefined
    readonly now?: number | undefined
  },
): { replies: FireReply[] } & Tick {
  begin(state, request.now)
  const claiming = request.claim === undefined ? null : openClaim(state, request.claim)
  const replies = request.firings.map((firing) => fireOne(state, firing, { claiming, lookedAt: request.lookedAt ?? null }))
  return { replies, ...tickFor(state, claiming?.owner ?? null) }
}

/** What all firings of one call share. */
interface FireCall {
  readonly claiming: Claiming | null
  readonly lookedAt: number | null
}

function fireOne(state: MemoryState, firing: Firing, { claiming, lookedAt }: FireCall): FireReply {
  const job = state.jobs.get(firing.job)
  const row = job?.schedules.find(firing.name)
  if (job === undefined || row === undefined) return refused('gone')
  const table = job.schedules
  if (table.incarnation(row) !== firing.incarnation) return refused('gone')
  const isNext = table.generation(row) === firing.generation && table.nextSlot(row) === firing.expectedSlot
  if (!isNext || table.detail(row)?.quarantined) return refused('stale')
  if (job.suspended !== null || table.detail(row)?.suspended) return refused('suspended')
  if (lookedAt !== null && !holdsStill(state, job, { row, lookedAt })) return refused('stale')
  moveCursor(job, row, { cursor: firing.through, nextSlot: firing.nextSlot, nextDueAt: firing.nextDueAt })
  reindexSchedule(state, job, row)
  for (const range of firing.skips) recordSkip(state, job, row, range)
  const ledger = table.ensureDetail(row)
  const firer = { job, row, ledger, key: ledger.key ?? table.name(row) }
  return { status: 'fired', runs: firing.runs.map((run) => fireRun(state, firer, run, claiming)) }
}

/** Whether what was planned at that look, of a schedule that was perhaps not due by then, may fire now. */
function holdsStill(state: MemoryState, job: JobRow, { row, lookedAt }: { readonly row: number; readonly lookedAt: number }): boolean {
  const dueAt = job.schedules.nextDueAt(row)
  const stretches = [...job.stretches, ...(job.schedules.detail(row)?.stretches ?? [])]
  return dueAt !== null && dueAt <= state.now && stretches.every(([, to]) => to <= lookedAt)
}

function fireRun(state: MemoryState, firer: Firer, fired: FiredRun, claiming: Claiming | null): FiredReply {
  const { job, ledger, row } = firer
  const known = state.runs.get(fired.id)
  if (known !== undefined) return keepSlotRun(firer, known)
  job.schedules.addSlots(row, 1)
  const reason = applyOverlap(state, firer, fired)
  const run = createSlotRun(state, firer, fired)
  if (reason !== null) {
    finishStanding(state, run, 'skip', reason)
    return { id: run.id, state: run.state, reason: run.reason }
  }
  ledger.lastRun = run
  const claimed = claimAtOnce(state, run, claiming)
  if (claimed !== null) return { id: run.id, state: run.state, reason: null, claimed }
  placeRun(state, run)
  return { id: run.id, state: run.state, reason: null }
}

/** The slot has its run already: ids are derived from slots, so that none is doubled whatever became of the cursor. */
function keepSlotRun({ job, row, ledger }: Firer, run: RunRow): FiredReply {
  if (run.ledger !== ledger && run.slot !== null) {
    run.ledger = ledger
    ledger.runs.add(run.slot, run)
    job.schedules.addSlots(row, 1)
  }
  return { id: run.id, state: run.state, reason: run.reason }
}

function createSlotRun(state: MemoryState, { job, row, ledger, key }: Firer, fired: FiredRun): RunRow {
  const { id, slot, runAt, priority, overlap, gates } = fired
  const { schedules } = job
  return createRun(state, job, {
    id,
    key,
    trigger: 'schedule',
    schedule: schedules.name(row),
    slot,
    payload: schedules.payload(row),
    priority,
    runAt,
    overlap,
    gates,
    ledger,
  })
}

/** Why the slot is skipped at once, or null; what it replaces is told to end. */
function applyOverlap(state: MemoryState, { job, ledger, key }: Firer, fired: FiredRun): 'overlap' | 'limit' | null {
  switch (fired.overlap) {
    case 'skip':
      return ledger.lastRun !== null && !isTerminal(ledger.lastRun.state) ? 'overlap' : null
    case 'queue': {
      const group = job.keys.get(key)
      return group !== undefined && group.busy > 0 && group.standing >= fired.queueLimit ? 'limit' : null
    }
    case 'replace':
      for (let link = job.keys.get(key)?.alive.first ?? null; link !== null; ) {
        const { item, next } = link
        if (item.state === 'running' || item.trigger === 'schedule') cancelRun(state, item, 'replaced by a later slot')
        link = next
      }
      return null
    case 'allow':
      return null
  }
}

function refused(status: 'gone' | 'stale' | 'suspended'): FireReply {
  return { status, runs: [] }
}
