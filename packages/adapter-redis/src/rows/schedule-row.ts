/** Schedules and jobs as scripts reply with them: lists, in this order. */
import type { JobRecord, ScheduleRecord, SkipRecord, SlotCounters } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { list, number, numberOrNull, text, textOrNull, texts } from './reply-reader.ts'

/** `schedule_out`. */
export function toScheduleRecord(reply: Reply | undefined): ScheduleRecord {
  const row = list(reply)
  const suspendedAt = numberOrNull(row[10])
  return {
    job: text(row[0]),
    name: text(row[1]),
    key: text(row[2]),
    incarnation: text(row[3]),
    generation: number(row[4]),
    spec: text(row[5]),
    payload: textOrNull(row[6]),
    cursor: number(row[7]),
    nextSlot: numberOrNull(row[8]),
    nextDueAt: numberOrNull(row[9]),
    suspended: suspendedAt === null ? null : { at: suspendedAt, reason: text(row[11]) },
    suspendedStretches: toStretches(row[12]),
    slots: number(row[13]),
    folded: toCounters(row[14]),
    horizon: numberOrNull(row[15]),
    history: list(row[16]).map((past) => {
      const [generation, spec, until, cursor, nextSlot] = list(past)
      return {
        generation: number(generation),
        spec: text(spec),
        until: number(until),
        cursor: number(cursor),
        nextSlot: numberOrNull(nextSlot),
      }
    }),
    createdAt: number(row[17]),
    quarantined: textOrNull(row[18]),
  }
}

export function toScheduleRecordOrNull(reply: Reply | undefined): ScheduleRecord | null {
  return reply === null || reply === undefined ? null : toScheduleRecord(reply)
}

/** Of `schedules.load`. */
export function toJobRecord(reply: Reply): JobRecord {
  const row = list(reply)
  const rate = row[6] === null ? null : list(row[6])
  const suspendedAt = numberOrNull(row[7])
  return {
    job: text(row[0]),
    generation: number(row[1]),
    hash: text(row[2]),
    superseded: texts(row[3]),
    declared: texts(row[4]),
    concurrency: numberOrNull(row[5]),
    rateLimit: rate === null ? null : { max: number(rate[0]), perMs: number(rate[1]) },
    suspended: suspendedAt === null ? null : { at: suspendedAt, reason: text(row[8]) },
    suspendedStretches: toStretches(row[9]),
  }
}

export function toStretches(reply: Reply | undefined): ScheduleRecord['suspendedStretches'] {
  return list(reply).map((stretch) => {
    const [from, to] = list(stretch)
    return [number(from), number(to)] as const
  })
}

export function toCounters(reply: Reply | undefined): SlotCounters {
  return Object.fromEntries(list(reply).map((counter) => [text(list(counter)[0]), number(list(counter)[1])]))
}

/** Of `schedules.ledger`, behind its leading 1. */
export function toSkipRecord(reply: Reply): SkipRecord {
  const [, id, reason, from, to, count, specGeneration] = list(reply)
  return {
    id: text(id),
    reason: text(reason) as SkipRecord['reason'],
    from: number(from),
    to: number(to),
    count: numberOrNull(count),
    specGeneration: number(specGeneration),
  }
}
