/** `list`: the jobs of this program. */
import type { JobHealth } from '../../health/snapshot.ts'
import type { BoundSchedule } from '../../job/job.ts'
import { rollupSchedules } from '../../rollup/rollup-jobs.ts'
import { describeSpec } from '../../schedule/resolve-spec.ts'
import type { Scheduler } from '../../scheduler/scheduler.ts'
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatInstant } from '../format.ts'
import { isRollup } from '../known-rollup.ts'
import { isStartedHere } from '../require-shared-store.ts'
import { type Column, renderTable } from '../table.ts'

interface ListedJob {
  readonly name: string
  readonly schedules: readonly { readonly name: string; readonly key: string; readonly description: string }[]
  readonly nextSlot: string | null
  readonly state: 'active' | 'suspended' | 'exhausted' | 'unscheduled'
  readonly suspended: JobHealth['suspended']
}

/** The command `list`. */
export const listCommand: CliCommand = {
  name: 'list',
  summary: 'jobs of this program: schedules, next slot, state',
  details: 'Dynamic schedules are listed by "schedules". The state is read from the store when other processes share it.',
  examples: ['list', 'list --json'],
  needsSharedStore: false,
  define: (command) => command,
  run: async ({ scheduler }) => {
    const kept = await suspensions(scheduler)
    const jobs = await Promise.all(
      scheduler.jobs.map(async (job): Promise<ListedJob> => {
        const schedules = schedulesOf(job).map(({ name, key, schedule }) => ({ name, key, description: describeSpec(schedule.spec) }))
        const [next] = await scheduler.preview(job, { count: 1 })
        const suspended = kept.get(job.name) ?? null
        const running = next === undefined ? (schedules.length === 0 ? 'unscheduled' : 'exhausted') : 'active'
        return {
          name: job.name,
          schedules,
          nextSlot: next?.slot.toISOString() ?? null,
          state: suspended === null ? running : 'suspended',
          suspended,
        }
      }),
    )
    return { exitCode: EXIT.ok, json: { jobs }, text: (layout) => renderTable(jobs, COLUMNS, layout) }
  },
}

/** Of a rollup, those of the job behind it. */
function schedulesOf(job: Scheduler['jobs'][number]): readonly BoundSchedule[] {
  return isRollup(job) ? rollupSchedules(job) : job.policy.schedules
}

const COLUMNS: readonly Column<ListedJob>[] = [
  { title: 'JOB', value: (job) => job.name },
  { title: 'SCHEDULE', value: (job) => job.schedules.map((one) => one.description).join('; ') || '-', flex: true },
  { title: 'NEXT SLOT', value: (job) => formatInstant(job.nextSlot) },
  { title: 'STATE', value: (job) => (job.suspended === null ? job.state : `${job.state}: ${job.suspended.reason}`), flex: true },
]

// A store that nobody shares knows nothing of jobs before the scheduler starts here.
async function suspensions(scheduler: Scheduler): Promise<ReadonlyMap<string, JobHealth['suspended']>> {
  if (scheduler.store.capabilities.shared === false && !(await isStartedHere(scheduler))) return new Map()
  return new Map((await scheduler.health()).jobs.map((one) => [one.job, one.suspended]))
}
