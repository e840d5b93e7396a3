/** Reading schedules. */
import type { ScheduleRecord } from '../store/records.ts'
import type { ScheduleRef } from '../store/schedules.ts'
import type { JobRow } from './rows.ts'
import { toScheduleRecord } from './schedule-records.ts'
import type { MemoryState } from './state.ts'

/** The verb. */
export function getSchedules(
  state: MemoryState,
  request: { readonly schedules: readonly ScheduleRef[] },
): { schedules: (ScheduleRecord | null)[] } {
  const schedules = request.schedules.map(({ job: jobName, name }) => {
    const job = state.jobs.get(jobName)
    const row = job?.schedules.find(name)
    return job === undefined || row === undefined ? null : toScheduleRecord(job, row)
  })
  return { schedules }
}

/** The verb: by job, then by name, in the order of their code units. */
export function listSchedules(
  state: MemoryState,
  request: { readonly job?: string | undefined; readonly after?: ScheduleRef | undefined; readonly limit: number },
): { schedules: ScheduleRecord[] } {
  const { after, limit } = request
  const schedules: ScheduleRecord[] = []
  for (const job of jobsFrom(state, request.job, after?.job)) {
    const names = job.schedules.names()
    let at = after?.job === job.name ? firstAfter(names, after.name) : 0
    for (; at < names.length && schedules.length < limit; at++) {
      schedules.push(toScheduleRecord(job, job.schedules.find(names[at] as string) as number))
    }
  }
  return { schedules }
}

function jobsFrom(state: MemoryState, only: string | undefined, from: string | undefined): JobRow[] {
  const jobs = [...state.jobs.values()].filter(
    (job) => job.schedules.size > 0 && (only ?? job.name) === job.name && (from ?? job.name) <= job.name,
  )
  return jobs.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function firstAfter(names: readonly string[], name: string): number {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((names[middle] as string) > name) high = middle
    else low = middle + 1
  }
  return low
}
