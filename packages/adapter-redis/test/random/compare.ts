/**
 * Replies of both stores, made comparable. Put right is only what the contract leaves open:
 * - ids of skip ranges are each store's own: they become their place in the reply;
 * - sets that the contract gives no order are sorted: gates without names, declared hashes, cancel requests, expired owners,
 *   schedules that are due at the same instant;
 * - which of the due schedules a limit cuts off is a matter of fairness: then only their number is compared;
 * - attempts that ended at the same instant have no order among the recent ones, so those are sorted;
 * - of runs that ended at the same instant any is the last one: only that instant is compared;
 * - of instants that have passed, a tick tells any: `nextRunAt` is now, where it is earlier;
 * - rollups that read a source have no order, so those are sorted;
 * - whether anything was written since the last renewal is told by those stores that know it;
 * - a field that is absent is one that is undefined.
 */
import { isDeepStrictEqual } from 'node:util'
import type { GateRecord, JobRecord, JobStats, MarkedSource, RenewReply, ScheduleRecord, SkipRecord, Tick } from '@quarterjack/core/store'
import type { Step } from './step.ts'

export function comparable({ verb, request }: Pick<Step, 'verb' | 'request'>, reply: unknown): unknown {
  if (reply === undefined || reply === null) return null
  const plain = withTick(JSON.parse(JSON.stringify(reply)) as Record<string, unknown>)
  switch (verb) {
    case 'schedules.ledger':
      return { ...plain, skips: (plain.skips as SkipRecord[]).map((skip, index) => ({ ...skip, id: index })) }
    case 'schedules.due': {
      const { schedules, suspendedStretches, ...tick } = plain as { schedules: ScheduleRecord[]; suspendedStretches: unknown }
      if (schedules.length === (request as { limit: number }).limit) return { count: schedules.length, ...tick }
      const sorted = schedules.toSorted(by(({ nextDueAt, job, name }) => `${nextDueAt} ${job} ${name}`))
      return { schedules: sorted, isInOrder: isAscending(schedules.map(({ nextDueAt }) => nextDueAt ?? 0)), suspendedStretches, ...tick }
    }
    case 'schedules.load':
      return { ...plain, jobs: (plain.jobs as JobRecord[]).map((job) => ({ ...job, declared: job.declared.toSorted() })) }
    case 'runs.stats': {
      const jobs = (plain.jobs as JobStats[]).map((job) => ({
        ...job,
        lastRun: job.lastRun?.finishedAt,
        lastSuccess: job.lastSuccess?.finishedAt,
        lastFailure: job.lastFailure?.finishedAt,
        recent: job.recent.toSorted(by((one) => JSON.stringify(one))),
      }))
      return { ...plain, jobs }
    }
    case 'runs.gates':
      return { gates: (plain.gates as GateRecord[]).toSorted(by(({ gate }) => gate)) }
    case 'runs.renew': {
      const { cancels, expired, still: _, ...rest } = plain as unknown as RenewReply
      return { ...rest, cancels: cancels.toSorted(by(({ runId }) => runId)), expired: expired.toSorted(by(({ owner }) => owner)) }
    }
    case 'windows.collect': {
      const sources = (plain.sources as MarkedSource[]).map((one) => ({
        ...one,
        rollups: one.rollups.toSorted(by(({ rollup }) => rollup)),
      }))
      return { ...plain, sources }
    }
    default:
      return plain
  }
}

function withTick(reply: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { storeNow, nextRunAt } = reply as Partial<Tick>
  return storeNow == null || nextRunAt == null ? reply : { ...reply, nextRunAt: Math.max(storeNow, nextRunAt) }
}

function by<T>(text: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0)
}

function isAscending(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value >= (values[index - 1] ?? value))
}

/** Where two replies differ, for people. */
export function differences(expected: unknown, found: unknown, path = ''): readonly string[] {
  if (isDeepStrictEqual(expected, found)) return []
  if (!isBranch(expected) || !isBranch(found)) return [`${path}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`]
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])]
  return names.flatMap((name) => differences(expected[name], found[name], path === '' ? name : `${path}.${name}`))
}

function isBranch(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
