/** Rollups, marks and windows as scripts reply with them (`rollup_out`, `window_out`): lists, in this order. */
import type { MarkedSource, MarkRecord, RollupRecord, RollupState, SealedMarks, WindowRecord } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { flag, list, number, numberOrNull, text, textOrNull, texts } from './reply-reader.ts'

export function toRollupRecord(reply: Reply | undefined): RollupRecord {
  const row = list(reply)
  return {
    rollup: text(row[0]),
    generation: number(row[1]),
    hash: text(row[2]),
    sources: texts(row[3]),
    edges: text(row[4]),
    policy: text(row[5]),
    startAt: number(row[6]),
    watermark: number(row[7]),
    sealed: toSealed(row[8]),
    pace: textOrNull(row[9]),
  }
}

export function toWindowRecord(reply: Reply | undefined): WindowRecord {
  const row = list(reply)
  const error = textOrNull(row[9])
  return {
    rollup: text(row[0]),
    start: number(row[1]),
    end: number(row[2]),
    seq: number(row[3]),
    dirtySince: numberOrNull(row[4]),
    removed: flag(row[5]),
    complete: flag(row[6]),
    refreshedAt: numberOrNull(row[7]),
    attempts: number(row[8]),
    error: error === null ? null : (JSON.parse(error) as WindowRecord['error']),
    retryAt: numberOrNull(row[10]),
    suspect: textOrNull(row[11]),
    backfill: textOrNull(row[12]),
    runId: textOrNull(row[13]),
    fence: number(row[14]),
  }
}

export function toMarkedSource(reply: Reply | undefined): MarkedSource {
  const [source, token, rollups, marks, more] = list(reply)
  return {
    source: text(source),
    token: text(token),
    rollups: list(rollups).map(toRollupRecord),
    marks: list(marks).map(toMarkRecord),
    more: flag(more),
  }
}

export function toRollupStateOrNull(reply: Reply | undefined): RollupState | null {
  if (reply === null || reply === undefined) return null
  const [record, dirty, ahead, more, counts, oldestMarkAt, hasMarks, nextRetryAt] = list(reply)
  const [dirtyCount, held, failed, suspect] = list(counts)
  return {
    record: toRollupRecord(record),
    dirty: list(dirty).map(toWindowRecord),
    ahead: list(ahead).map(toWindowRecord),
    more: flag(more),
    counts: { dirty: number(dirtyCount), held: number(held), failed: number(failed), suspect: number(suspect) },
    oldestMarkAt: numberOrNull(oldestMarkAt),
    hasMarks: flag(hasMarks),
    nextRetryAt: numberOrNull(nextRetryAt),
  }
}

function toMarkRecord(reply: Reply | undefined): MarkRecord {
  const [id, from, to, kind, markedAt] = list(reply)
  return { id: number(id), from: number(from), to: number(to), kind: text(kind) as MarkRecord['kind'], markedAt: number(markedAt) }
}

function toSealed(reply: Reply | undefined): SealedMarks | null {
  if (reply === null || reply === undefined) return null
  const [marks, from, to, lastAt] = list(reply)
  return { marks: number(marks), from: number(from), to: number(to), lastAt: number(lastAt) }
}
