/** Registration: a job's definition and its static schedules, whole or not at all (engine rules 4, 6). */
import type { JobRecord, ScheduleRecord } from '../store/records.ts'
import type { Registration, RegistrationReply } from '../store/schedules.ts'
import type { Tick } from '../store/tick.ts'
import { letGo } from './gates.ts'
import { obtainJob } from './job-rows.ts'
import { declaringOwners } from './owners.ts'
import { renameJob } from './rename-job.ts'
import type { JobRow } from './rows.ts'
import { reindexRuns } from './run-index.ts'
import { reindexDue, removeSchedule, toJobRecord, toScheduleRecord } from './schedule-records.ts'
import { begin, beginUntimed, type MemoryState } from './state.ts'
import { isStaleWrite, writeSchedule } from './write-schedule.ts'

/** Former hashes that are kept. */
const MOST_SUPERSEDED = 50

/** The verb. */
export function load(
  state: MemoryState,
  request: { readonly jobs: readonly string[] },
): { storeNow: number; jobs: JobRecord[]; schedules: ScheduleRecord[] } {
  const storeNow = beginUntimed(state)
  const rows = request.jobs.map((name) => state.jobs.get(name)).filter((job): job is JobRow => job !== undefined && job.generation > 0)
  const jobs = rows.map((job) => {
    const declared = declaringOwners(state, job.name).map((owner) => owner.jobs.get(job.name) as string)
    return toJobRecord(job, [...new Set(declared)])
  })
  const schedules = rows.flatMap((job) => [...job.statics].map((name) => toScheduleRecord(job, job.schedules.find(name) as number)))
  return { storeNow, jobs, schedules }
}

/** The verb. */
export function register(
  state: MemoryState,
  request: { readonly registrations: readonly Registration[]; readonly now?: number | undefined },
): { replies: RegistrationReply[] } & Tick {
  const storeNow = begin(state, request.now)
  return { replies: request.registrations.map((registration) => registerOne(state, registration)), storeNow }
}

function registerOne(state: MemoryState, registration: Registration): RegistrationReply {
  const { job: name, expectedGeneration, schedules, suspended } = registration
  const generation = state.jobs.get(name)?.generation ?? 0
  const former = findFormer(state, registration)
  const home = former ?? state.jobs.get(name)
  const isStale = generation !== expectedGeneration || (home !== undefined && schedules.some((write) => isStaleWrite(home, write)))
  if (isStale) return { status: 'stale', generation }
  if (former !== undefined) renameJob(state, former, name)
  const job = obtainJob(state, name)
  if (job.generation === 0 && suspended !== undefined) {
    job.suspended ??= suspended
    reindexRuns(state, job)
    reindexDue(state, job)
  }
  const isChanged = [redefine(state, job, registration), writeStatics(state, job, registration)].includes(true)
  if (isChanged) job.generation++
  return { status: 'registered', generation: job.generation }
}

/** The job that is to change its name, if this one is not known yet. */
function findFormer(state: MemoryState, { job, renamedFrom }: Registration): JobRow | undefined {
  const isUnknown = (state.jobs.get(job)?.generation ?? 0) === 0
  const former = renamedFrom !== undefined && isUnknown ? state.jobs.get(renamedFrom) : undefined
  return former !== undefined && former.generation > 0 ? former : undefined
}

/** True when the definition changed. */
function redefine(state: MemoryState, job: JobRow, { hash, concurrency, rateLimit }: Registration): boolean {
  const hasNewLimits = job.concurrency !== concurrency || job.rateLimit?.max !== rateLimit?.max || job.rateLimit?.perMs !== rateLimit?.perMs
  if (hasNewLimits) setLimits(state, job, { concurrency, rateLimit })
  const isNew = job.generation === 0
  if (!isNew && job.hash !== hash) {
    job.superseded = [...job.superseded.filter((former) => former !== hash), job.hash].slice(-MOST_SUPERSEDED)
  }
  const isChanged = isNew || hasNewLimits || job.hash !== hash
  job.hash = hash
  return isChanged
}

/** Sets what bounds a job's runs; those that waited for more room go on. */
export function setLimits(state: MemoryState, job: JobRow, limits: Pick<JobRecord, 'concurrency' | 'rateLimit'>): void {
  job.concurrency = limits.concurrency
  job.rateLimit = limits.rateLimit === null ? null : { ...limits.rateLimit }
  const gate = state.gates.get(job.gateName)
  if (gate !== undefined) {
    gate.limit = job.concurrency ?? Number.POSITIVE_INFINITY
    letGo(state, gate)
  }
  reindexRuns(state, job)
  if (state.readyJobs.has(job)) state.hints.tell([{ kind: 'work' }])
}

/** Writes the static set, and retires what is missing in it. True when anything changed. */
function writeStatics(state: MemoryState, job: JobRow, { schedules }: Registration): boolean {
  const statuses = schedules.map((write) => writeSchedule(state, job, write).status)
  const kept = new Set(schedules.map((write) => write.name))
  const retired = [...job.statics].filter((name) => !kept.has(name))
  for (const name of retired) removeSchedule(state, job, job.schedules.find(name) as number)
  return retired.length > 0 || statuses.some((status) => status !== 'unchanged')
}
