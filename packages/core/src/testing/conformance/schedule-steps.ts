/** Short forms of the schedule verbs, with the defaults that most cases want. */
import type { ClaimAtOnce } from '../../store/claim-at-once.ts'
import assert from 'node:assert/strict'
import { slotRunId } from '../../random/ids.ts'
import type { ScheduleRecord } from '../../store/records.ts'
import type {
  FiredRun,
  FireReply,
  Firing,
  LedgerPage,
  Registration,
  RegistrationReply,
  ScheduleRef,
  ScheduleWrite,
  ScheduleWriteReply,
} from '../../store/schedules.ts'
import { only, present } from './expectations.ts'
import type { Trial } from './trial.ts'

/** Nominal distance of slots. */
export const STEP = 1_000

/** A schedule's serialised spec; `variant` makes it another one. */
export function specText(variant = 0): string {
  return `{"anchorAt":${variant},"everyMs":${STEP},"kind":"every"}`
}

/**
 * A schedule whose next slot is `asOf + STEP`. By default `asOf` lies ten steps back: ten slots are
 * overdue, and nothing has to wait for them.
 */
export async function scheduleWrite(t: Trial, job: string, name: string, over: Partial<ScheduleWrite> = {}): Promise<ScheduleWrite> {
  const asOf = over.asOf ?? (await t.now()) - t.ms(10 * STEP)
  const nextSlot = over.nextSlot === undefined ? asOf + t.ms(STEP) : over.nextSlot
  return {
    job,
    name,
    key: name.startsWith('#') ? '' : name,
    incarnation: t.nextId(),
    spec: specText(),
    payload: null,
    nextDueAt: nextSlot,
    ...over,
    asOf,
    nextSlot,
  }
}

/** A registration of `job` as new, without schedules. */
export function registration(job: string, over: Partial<Registration> = {}): Registration {
  return { job, hash: 'v1', expectedGeneration: 0, concurrency: null, rateLimit: null, schedules: [], ...over }
}

/** Registers in one call. */
export async function register(t: Trial, ...registrations: readonly Registration[]): Promise<readonly RegistrationReply[]> {
  return (await t.store.schedules.register({ registrations, ...t.at() })).replies
}

/** Registers a job that must be accepted, and gives its generation. */
export async function define(t: Trial, job: string, over: Partial<Registration> = {}): Promise<number> {
  const reply = only(await register(t, registration(job, over)), `reply to the registration of ${job}`)
  assert.equal(reply.status, 'registered', `registration of ${job}`)
  return reply.generation
}

/** Sets in one call. */
export async function setSchedules(t: Trial, ...schedules: readonly ScheduleWrite[]): Promise<readonly ScheduleWriteReply[]> {
  return (await t.store.schedules.set({ schedules, ...t.at() })).replies
}

/** Creates a dynamic schedule (see {@link scheduleWrite}) and gives its record. */
export async function addSchedule(t: Trial, job: string, name: string, over: Partial<ScheduleWrite> = {}): Promise<ScheduleRecord> {
  const reply = only(await setSchedules(t, await scheduleWrite(t, job, name, over)), 'reply to set')
  assert.equal(reply.status, 'created', `setting ${job}/${name}`)
  return getSchedule(t, { job, name })
}

/** A schedule that must exist. */
export async function getSchedule(t: Trial, ref: ScheduleRef): Promise<ScheduleRecord> {
  const { schedules } = await t.store.schedules.get({ schedules: [{ job: ref.job, name: ref.name }] })
  return present(only(schedules, 'reply to get'), `schedule ${ref.job}/${ref.name}`)
}

/** A run of `slot` of a schedule, overlap `allow`, no gates, due at its slot. */
export function firedRun(schedule: ScheduleRecord, slot: number, over: Partial<FiredRun> = {}): FiredRun {
  return {
    id: slotRunId(schedule.incarnation, slot),
    slot,
    runAt: slot,
    priority: 0,
    overlap: 'allow',
    queueLimit: 1,
    gates: [],
    ...over,
  }
}

/** The firing of a record's next slot alone; `run` changes its run. */
export function firing(t: Trial, schedule: ScheduleRecord, over: Partial<Firing> & { readonly run?: Partial<FiredRun> } = {}): Firing {
  const { run, ...rest } = over
  const slot = present(schedule.nextSlot, `next slot of ${schedule.job}/${schedule.name}`)
  const through = over.through ?? slot
  return {
    job: schedule.job,
    name: schedule.name,
    incarnation: schedule.incarnation,
    generation: schedule.generation,
    expectedSlot: slot,
    through,
    nextSlot: through + t.ms(STEP),
    nextDueAt: through + t.ms(STEP),
    runs: [firedRun(schedule, slot, run)],
    skips: [],
    ...rest,
  }
}

/** Fires in one call. */
export async function fire(t: Trial, firings: readonly Firing[], claim?: ClaimAtOnce): Promise<readonly FireReply[]> {
  return (await t.store.schedules.fire({ firings, claim, ...t.at() })).replies
}

/** Fires the next slot of a schedule as it stands in the store; must be accepted. Gives the reply about its run. */
export async function fireNext(t: Trial, ref: ScheduleRef, run: Partial<FiredRun> = {}): Promise<FireReply['runs'][number]> {
  const reply = only(await fire(t, [firing(t, await getSchedule(t, ref), { run })]), 'reply to fire')
  assert.equal(reply.status, 'fired', `firing ${ref.job}/${ref.name}`)
  return only(reply.runs, 'runs of the firing')
}

/** The whole ledger of a schedule. */
export async function ledgerOf(t: Trial, ref: ScheduleRef): Promise<LedgerPage> {
  return t.store.schedules.ledger({ job: ref.job, name: ref.name, after: null, limit: 1_000 })
}

/** Names of what is due for an owner now, in order. */
export async function dueNames(t: Trial, owner: string, limit = 100): Promise<readonly string[]> {
  const { schedules } = await t.store.schedules.due({ owner, limit, ...t.at() })
  return schedules.map((schedule) => `${schedule.job}/${schedule.name}`)
}

/** Suspends or resumes one job or schedule; false when nothing changed. */
/** As it was looked at. */
export async function quarantine(t: Trial, { job, name, incarnation, generation, nextSlot }: ScheduleRecord, reason = 'x'): Promise<void> {
  await t.store.schedules.quarantine({ schedules: [{ job, name, incarnation, generation, expectedSlot: nextSlot, reason }] })
}

export async function suspend(t: Trial, target: { readonly job: string; readonly name?: string }, reason: string | null): Promise<boolean> {
  const { changed } = await t.store.schedules.suspend({ targets: [{ ...target, reason }], ...t.at() })
  return only(changed, 'reply to suspend')
}
