/** Takes over what expired owners left (engine rule 18). */
import { recordAttempt, takeAttemptBack } from './attempts.ts'
import { finish } from './finish.ts'
import { endOwner, releaseRun } from './owners.ts'
import type { OwnerRow, RunRow } from './rows.ts'
import { placeRun } from './run-index.ts'
import { changeState } from './run-rows.ts'
import type { MemoryState } from './state.ts'

/** Owners that died while a run was their only suspect; so many make it dead. */
const MOST_CRASHES = 3

/** Expiries that wait to be reported, at most. */
const MOST_UNREPORTED = 1_000

/** Every owner whose lease ended is dead from here on, and its runs are up for others. */
export function takeOverExpired(state: MemoryState): void {
  for (const owner of state.owners.values()) {
    if (owner.expiresAt <= state.now) takeOver(state, owner)
  }
}

function takeOver(state: MemoryState, owner: OwnerRow): void {
  const runs = [...owner.runs]
  const crashed = runs.filter((row) => abandon(state, row, owner))
  endOwner(state, owner, crashed)
  if (state.expired.length < MOST_UNREPORTED) state.expired.push({ owner: owner.id, runs: runs.length })
}

/** Gives a run up for its dead owner; true when that was counted as a crash. */
function abandon(state: MemoryState, row: RunRow, owner: OwnerRow): boolean {
  // Only a sole suspect is to blame, and only if it had begun.
  const isBlamed = row.started && row.suspect && !owner.survived
  if (isBlamed) row.crashes++
  const isPoison = isBlamed && row.crashes >= MOST_CRASHES
  if (row.started) {
    recordAttempt(state, row, { outcome: isPoison ? 'crashed' : 'abandoned', startedAt: row.startedAt ?? state.now, error: null })
    row.suspect = true
  } else takeAttemptBack(row)
  releaseRun(state, row)
  if (isPoison) {
    finish(state, row, 'die', `crashed: ${row.crashes} processes died while it was their only suspect`)
  } else if (row.cancelRequested !== null) {
    finish(state, row, 'cancel', row.cancelRequested)
  } else {
    changeState(row, 'abandon')
    placeRun(state, row)
  }
  return isBlamed
}

/** The process of a former owner lives on: what was counted against its runs is taken back. */
export function takeCrashesBack(state: MemoryState, former: string): void {
  const alive = state.owners.get(former)
  if (alive !== undefined) alive.survived = true
  const ended = state.ended.get(former)
  if (ended === undefined) return
  for (const row of ended.crashed) row.crashes = Math.max(0, row.crashes - 1)
  ended.crashed = []
}
