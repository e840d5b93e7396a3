/** A backfill as scripts reply with it (`backfill_out`): a list, in this order. */
import type { BackfillRecord } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { flag, list, number, numberOrNull, text, textOrNull } from './reply-reader.ts'

export function toBackfillRecord(reply: Reply | undefined): BackfillRecord {
  const row = list(reply)
  return {
    id: text(row[0]),
    rollup: text(row[1]),
    from: number(row[2]),
    to: number(row[3]),
    select: text(row[4]) as BackfillRecord['select'],
    order: text(row[5]) as BackfillRecord['order'],
    concurrency: number(row[6]),
    state: text(row[7]) as BackfillRecord['state'],
    reason: textOrNull(row[8]),
    cursor: number(row[9]),
    exhausted: flag(row[10]),
    windows: number(row[11]),
    stamped: number(row[12]),
    done: number(row[13]),
    failed: number(row[14]),
    createdAt: number(row[15]),
    finishedAt: numberOrNull(row[16]),
  }
}

export function toBackfillRecordOrNull(reply: Reply | undefined): BackfillRecord | null {
  return reply === null || reply === undefined ? null : toBackfillRecord(reply)
}
