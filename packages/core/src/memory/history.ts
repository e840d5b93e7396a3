/** What has ended, in the order in which it ended: per (job, key) and kind for counts, per job for age. */
import { Chain } from './chain.ts'
import { dropKeyIfEmpty } from './job-rows.ts'
import type { Filed, FiledKind, RunRow } from './rows.ts'
import type { KeepRule } from '../store/runs.ts'

/** Files an ended run, or a skip range. */
export function file(row: Filed): void {
  const { key } = row
  const kind = kindOf(row)
  let chain = key.kinds.get(kind)
  if (chain === undefined) {
    chain = new Chain()
    key.kinds.set(kind, chain)
  }
  row.kindLink = chain.push(row)
  row.ageLink = key.job.filed.push(row)
  noteCrowding(row)
}

/** Takes a row out of history. */
export function unfile(row: Filed): void {
  const { key } = row
  const kind = kindOf(row)
  const chain = key.kinds.get(kind)
  if (chain !== undefined && row.kindLink !== null) {
    chain.remove(row.kindLink)
    if (chain.size === 0) key.kinds.delete(kind)
  }
  if (row.ageLink !== null) key.job.filed.remove(row.ageLink)
  row.kindLink = null
  row.ageLink = null
  dropKeyIfEmpty(key)
}

/** Remembers a key that has more of a kind than the job's last rule keeps, so that pruning finds it without a search. */
export function noteCrowding(row: Filed): void {
  const { key } = row
  const { keep } = key.job
  const kind = kindOf(row)
  if (keep !== null && (key.kinds.get(kind)?.size ?? 0) > keptOf(kind, keep)) key.job.crowded.set(key, Number.NEGATIVE_INFINITY)
}

/** How many of a kind a rule keeps. */
export function keptOf(kind: FiledKind, rule: KeepRule): number {
  return kind === 'dead' ? rule.dead : rule.succeeded
}

function kindOf(row: Filed): FiledKind {
  if (row.kind === 'range') return 'range'
  return (row as RunRow).state as Exclude<FiledKind, 'range'>
}
