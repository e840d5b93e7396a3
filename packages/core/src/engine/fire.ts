/** Fires what is due: due → plan → one atomic store call that also claims. */
import type { ClaimedRun } from '../store/claim-at-once.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { JobPolicy } from '../job/job.ts'
import type { Emitter } from '../observe/emitter.ts'
import type { Logger } from '../observe/logger.ts'
import type { ScheduleRecord } from '../store/records.ts'
import type { FireReply, Firing, ScheduleStore } from '../store/schedules.ts'
import type { Clock } from '../time/clock.ts'
import type { Holdings } from './holdings.ts'
import type { LookAhead, Planned, Taken } from './look-ahead.ts'
import type { Owner } from './owner.ts'
import { planFiring } from './plan-firing.ts'
import type { StoreLink } from './store-link.ts'
import type { Wakes } from './wakes.ts'

/** Due schedules handled in one round. */
const BATCH = 500
/** Records that one call writes, and time that one round spends planning, at most about: after an outage a schedule may owe hundreds of slots. The rest stays due. */
const MOST_RECORDS = 2_000
/** And at least, however little room there is: a round costs two round trips. */
const LEAST_RECORDS = 100
const PLANNING_MS = 50
/** So long firing waits for room, by the pace of handlers: a run that is claimed as it is made costs the store half, and leaves no line behind. */
const ROOM_WITHIN_MS = { unknown: 50, brisk: 250, slow: 0 } as const

export interface FireDeps {
  readonly link: StoreLink
  readonly owner: Owner
  readonly leaseMs: number
  readonly holdings: Holdings
  readonly policies: ReadonlyMap<string, JobPolicy>
  /** What a slot may be late by in addition to `misfireAfter`. */
  readonly latenessMs: number
  readonly wakes: Wakes
  readonly ahead: LookAhead
  readonly emitter: Emitter
  readonly logger: Logger
  readonly clock: Clock
  readonly monotonic: () => number
  readonly seenFence: () => number
  readonly onClaimed: (runs: readonly ClaimedRun[], owner: string) => void
}

/**
 * One round; returns how many schedules it fired: none where others were quicker, and the loop then waits a moment. Before
 * anything is due, it only looks.
 */
export async function fireDue(deps: FireDeps): Promise<number> {
  const { ahead, link, wakes } = deps
  const dueAt = wakes.dueAt ?? Number.POSITIVE_INFINITY
  const isAhead = dueAt > link.clock.now() + ahead.earlyMs()
  if (!isAhead) await roomWithin(deps)
  const most = isAhead ? MOST_RECORDS : mostRecords(deps)
  const limit = Math.min(isAhead ? MOST_RECORDS : BATCH, most)
  const kept = isAhead ? null : ahead.take({ now: link.clock.now(), earliest: dueAt, limit, most })
  if (kept !== null) return fireAll(kept, deps)
  const { taken, quarantined } = await look(deps, { limit, most })
  return quarantined + (taken === null ? 0 : await fireAll(taken, deps))
}

/** Most schedules, and most records, of one round. */
interface Bounds {
  readonly limit: number
  readonly most: number
}

/** Asks for what is due, and plans it; what is due soon is kept. */
async function look(deps: FireDeps, { limit, most }: Bounds): Promise<{ readonly taken: Taken | null; readonly quarantined: number }> {
  const { ahead, link } = deps
  const owner = deps.owner.id
  const due = await link.call('schedules.due', (store) => store.schedules.due({ owner, limit, aheadMs: ahead.sightMs }))
  const { planned, broken, isAll } = planAll(due, most, deps)
  const through = isAll && due.schedules.length < limit ? due.storeNow + (ahead.sightMs ?? 0) : (planned.at(-1)?.dueAt ?? due.storeNow)
  ahead.keep({ lookedAt: due.storeNow, through, planned })
  const quarantined = await quarantine(broken, deps)
  return { taken: ahead.take({ now: due.storeNow, earliest: due.storeNow, limit, most }), quarantined }
}

async function fireAll({ firings, lookedAt }: Taken, deps: FireDeps): Promise<number> {
  const owner = deps.owner.id
  const wanted = firings.reduce((sum, firing) => sum + firing.runs.length, 0)
  const reservation = deps.holdings.reserve(wanted)
  const askedAt = deps.monotonic()
  try {
    const claim = { owner, leaseMs: deps.leaseMs, limit: reservation.limit, start: reservation.start, seenFence: deps.seenFence() }
    const reply = await deps.link.call('schedules.fire', (store) => store.schedules.fire({ firings, claim, lookedAt }))
    reservation.answered()
    const claimed = reply.replies.flatMap((one) => one.runs.flatMap((run) => (run.claimed === undefined ? [] : [run.claimed])))
    if (claimed.length > 0) deps.owner.confirm(owner, askedAt, deps.leaseMs)
    deps.onClaimed(claimed, owner)
    if (claimed.length < reservation.limit && reply.replies.some(leftPending)) deps.wakes.stir()
    report(firings, reply.replies, deps.emitter)
    return reply.replies.filter(({ status }) => status === 'fired').length
  } finally {
    reservation.close()
  }
}

/** With the next run that ends. A bounded pass whose quota is spent gets none. */
async function roomWithin({ holdings, clock }: FireDeps): Promise<void> {
  const ms = ROOM_WITHIN_MS[holdings.pace]
  if (ms > 0 && holdings.room === 0 && !holdings.isSpent) await holdings.changeWithin(clock, ms)
}

/** Some run was written but not claimed: a claim of its own will tell why. */
function leftPending(reply: FireReply): boolean {
  return reply.runs.some((run) => run.state === 'pending')
}

interface Broken {
  readonly record: ScheduleRecord
  readonly reason: string
}

/** How many records one round should write. */
function mostRecords({ holdings: { room, pace }, wakes: { runAt }, link }: FireDeps): number {
  // Slots do not wait for slow handlers.
  if (room === 0 || pace === 'slow') return MOST_RECORDS
  // Runs that stand in line are to go first: behind them each firing costs a claim as well, and a backlog would never end.
  const hasLine = runAt !== null && runAt !== Number.NEGATIVE_INFINITY && runAt <= link.clock.now()
  // What there is no room for would only stand in line, before the next.
  return hasLine ? LEAST_RECORDS : Math.min(Math.max(room, LEAST_RECORDS), MOST_RECORDS)
}

function planAll(
  { schedules, suspendedStretches: stretches, storeNow }: Awaited<ReturnType<ScheduleStore['due']>>,
  most: number,
  deps: FireDeps,
): { readonly planned: readonly Planned[]; readonly broken: readonly Broken[]; readonly isAll: boolean } {
  const planned: Planned[] = []
  const broken: Broken[] = []
  const until = deps.monotonic() + PLANNING_MS
  let records = 0
  for (const record of schedules) {
    if (records >= most || deps.monotonic() > until) return { planned, broken, isAll: false }
    const policy = deps.policies.get(record.job)
    if (policy === undefined) continue
    const misfireAfterMs = (policy.misfireAfterMs ?? deps.leaseMs + 5_000) + deps.latenessMs
    const dueAt = record.nextDueAt ?? storeNow
    const now = Math.max(storeNow, dueAt)
    const onExcludeError = (error: unknown): void => reportExcludeError(record, error, deps)
    try {
      const firing = planFiring({ record, policy, jobStretches: stretches[record.job] ?? [], now, misfireAfterMs, onExcludeError })
      records += firing.runs.length + firing.skips.length
      planned.push({ dueAt, firing })
    } catch (error) {
      // A newer version may have written it, and fire it in time; if nobody does, it is unreadable for all.
      const overdueMs = storeNow - dueAt
      if (overdueMs > deps.leaseMs + 5_000) broken.push({ record, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  return { planned, broken, isAll: true }
}

function reportExcludeError({ job, name }: ScheduleRecord, error: unknown, { logger }: FireDeps): void {
  logger.error(
    { err: error, job, schedule: name },
    `a calendar function of schedule ${name} of job "${job}" threw; the slot counts as not excluded`,
  )
}

/** One unreadable row must not stop the others: it is taken out, and named. Answers how many were; if it fails, the next round tries again. */
async function quarantine(broken: readonly Broken[], deps: FireDeps): Promise<number> {
  if (broken.length === 0) return 0
  const schedules = broken.map(({ record: { job, name, incarnation, generation, nextSlot }, reason }) => ({
    ...{ job, name, incarnation, generation, reason },
    expectedSlot: nextSlot,
  }))
  try {
    await deps.link.call('schedules.quarantine', (store) => store.schedules.quarantine({ schedules }).then(() => ({})))
  } catch (error) {
    deps.logger.warn(
      { err: error },
      `${broken.length} schedules that cannot be understood could not be taken out; they do not fire all the same`,
    )
    return 0
  }
  for (const { job, name, reason } of schedules) {
    deps.emitter.emit('schedule.quarantined', { job, schedule: name, reason })
    const error = new QuarterjackError(
      'InvalidSchedule',
      `schedule ${name} of job "${job}" cannot be understood and no longer fires: ${reason}`,
    )
    deps.logger.error({ err: error, job, schedule: name }, error.message)
  }
  return schedules.length
}

function report(firings: readonly Firing[], replies: readonly FireReply[], emitter: Emitter): void {
  firings.forEach((firing, index) => {
    const reply = replies[index]
    if (reply?.status !== 'fired') return
    const { job, name: schedule } = firing
    for (const { reason, from, to, count } of firing.skips) emitter.emit('slots.skipped', { job, schedule, reason, from, to, count })
    reply.runs.forEach((run, position) => {
      const slot = firing.runs[position]?.slot
      if (run.state !== 'skipped' || slot === undefined) return
      const reason = run.reason === 'limit' ? 'limit' : 'overlap'
      emitter.emit('slots.skipped', { job, schedule, reason, from: slot, to: slot, count: 1 })
    })
    if (firing.nextSlot === null) emitter.emit('schedule.exhausted', { job, schedule })
  })
}
