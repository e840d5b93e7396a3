/** The states of a fix and their one transition table. */

export const JOB_STATUSES = ['queued', 'running', 'succeeded', 'failed'] as const
export type JobStatus = (typeof JOB_STATUSES)[number]

/** `start`: an attempt begins. `die`: its run will not be tried again. `replay`: somebody lets it go on after all. */
export type JobChange = 'start' | 'succeed' | 'die' | 'replay'

const TRANSITIONS: Readonly<Record<JobChange, Partial<Record<JobStatus, JobStatus>>>> = {
  // Of a failed one too: the library's own replay knows nothing of this table.
  start: { queued: 'running', running: 'running', failed: 'running' },
  succeed: { running: 'succeeded' },
  die: { queued: 'failed', running: 'failed' },
  replay: { failed: 'queued' },
}

/** Null where the change is not possible. */
export function nextStatus(status: JobStatus, change: JobChange): JobStatus | null {
  return TRANSITIONS[change][status] ?? null
}

/** From where the change is possible, for the `where` of the statement that makes it. */
export function sourcesOf(change: JobChange): readonly JobStatus[] {
  return JOB_STATUSES.filter((status) => nextStatus(status, change) !== null)
}

/** Why a job must be failed, judged by its run; null while it may yet end. `run` is null when nothing is kept of it. */
export function deathOf(run: { readonly state: string; readonly reason: string | null } | null): string | null {
  if (run === null) return 'nothing is kept of its run'
  if (run.state === 'dead' || run.state === 'cancelled') return `its run is ${run.state}${run.reason === null ? '' : `: ${run.reason}`}`
  // The run's success is committed together with that of the job, so it cannot stand here.
  return run.state === 'skipped' ? `its run was skipped: ${run.reason ?? 'without a reason'}` : null
}
