/** Pruning: deletes history beyond the rules and folds ledger records into counters (engine rule 2). */
import { MAX_SPARED, type KeepRule, type PruneRequest } from '../store/runs.ts'
import type { SlotCounters } from '../store/records.ts'
import { keptOf, unfile } from './history.ts'
import type { Filed, JobRow, KeyRow, RunRow, ScheduleDetail, SkipRow } from './rows.ts'
import { trimHistory } from './schedule-records.ts'
import { begin, type MemoryState } from './state.ts'

/** What a call may still delete; triggered runs that finished after `graceFrom` it spares. */
interface Budget {
  left: number
  readonly graceFrom: number
}

/** The verb. What it costs follows what it deletes: crowded keys are noted when they become so. */
export function prune(state: MemoryState, request: PruneRequest): { pruned: number; more: boolean } {
  begin(state, request.now)
  const budget = { left: request.limit, graceFrom: request.graceMs ? state.now - request.graceMs : Number.POSITIVE_INFINITY }
  let more = false
  for (const rule of request.rules) {
    const job = state.jobs.get(rule.job)
    if (job === undefined) continue
    if (!isSameRule(job.keep, rule)) noteAllKeys(job, rule)
    const isDone = pruneByCount(state, job, rule, budget) && pruneByAge(state, job, rule, budget)
    more ||= !isDone
  }
  return { pruned: request.limit - budget.left, more }
}

/** False when the budget was used up before the end. */
function pruneByCount(state: MemoryState, job: JobRow, rule: KeepRule, budget: Budget): boolean {
  for (const [key, sparedAt] of job.crowded) {
    // Nothing new has ended, and what was spared still is.
    if (sparedAt > budget.graceFrom) continue
    const sparesFrom = pruneKey(state, key, rule, budget)
    if (sparesFrom === null) return false
    if (sparesFrom === Number.POSITIVE_INFINITY) job.crowded.delete(key)
    else job.crowded.set(key, sparesFrom)
  }
  return true
}

/** When the first that it spares finished; Infinity when it spares none, null when the budget was used up before the end. */
function pruneKey(state: MemoryState, key: KeyRow, rule: KeepRule, budget: Budget): number | null {
  let sparesFrom = Number.POSITIVE_INFINITY
  for (const [kind, chain] of key.kinds) {
    let excess = chain.size - keptOf(kind, rule)
    for (let link = chain.first; link !== null && excess > 0; excess--) {
      const { item, next } = link
      if (excess <= MAX_SPARED && item.ledger === null && (item.finishedAt ?? 0) > budget.graceFrom) {
        sparesFrom = Math.min(sparesFrom, item.finishedAt ?? 0)
        break
      }
      if (isPrunable(item)) {
        if (budget.left === 0) return null
        deleteFiled(state, item)
        budget.left--
      }
      link = next
    }
  }
  return sparesFrom
}

function pruneByAge(state: MemoryState, job: JobRow, rule: KeepRule, budget: Budget): boolean {
  for (let link = job.filed.first; link !== null; ) {
    const { item, next } = link
    if ((item.finishedAt ?? state.now) + rule.forMs >= state.now) return true
    if (isPrunable(item)) {
      if (budget.left === 0) return false
      deleteFiled(state, item)
      budget.left--
    }
    link = next
  }
  return true
}

/** A range without a count cannot be added up: the audit counts it first. */
function isPrunable(item: Filed): boolean {
  return item.kind === 'run' || item.count !== null
}

function deleteFiled(state: MemoryState, item: Filed): void {
  unfile(item)
  if (item.kind === 'range') return foldRange(item)
  state.runs.delete(item.id)
  item.job.runs.remove(item.sequence, item)
  foldRun(item)
  // Statistics may still know the row for a while; what is large goes at once.
  item.payload = null
  item.merging = null
  item.result = null
}

function foldRun(row: RunRow): void {
  const { ledger, slot } = row
  if (ledger === null || slot === null) return
  ledger.runs.remove(slot, row)
  if (ledger.lastRun === row) ledger.lastRun = null
  const outcome: keyof SlotCounters = row.state === 'skipped' ? `skipped:${skipReasonOf(row)}` : (row.state as 'succeeded')
  fold(ledger, outcome, 1, slot)
}

function foldRange(range: SkipRow): void {
  range.ledger.skips.remove(range.from, range)
  fold(range.ledger, `skipped:${range.reason}`, range.count ?? 0, range.to)
}

function fold(ledger: ScheduleDetail, outcome: keyof SlotCounters, count: number, slot: number): void {
  ledger.folded[outcome] = (ledger.folded[outcome] ?? 0) + count
  ledger.horizon = Math.max(ledger.horizon ?? slot, slot)
  trimHistory(ledger)
}

/** A handler skips in its own words. */
function skipReasonOf({ reason }: RunRow): 'overlap' | 'limit' | 'handler' {
  return reason === 'overlap' || reason === 'limit' ? reason : 'handler'
}

function isSameRule(a: KeepRule | null, b: KeepRule): boolean {
  return a !== null && a.succeeded === b.succeeded && a.dead === b.dead
}

/** A new rule: any key may have too much by it. */
function noteAllKeys(job: JobRow, rule: KeepRule): void {
  job.keep = { ...rule }
  for (const key of job.keys.values()) job.crowded.set(key, Number.NEGATIVE_INFINITY)
}
