/** `schedules`: what the store holds, dynamic schedules included. */
import type { ScheduleView } from '../../scheduler/scheduler.ts'
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatInstant } from '../format.ts'
import { warnUnknownJob } from '../known-job.ts'
import { schedulePosition, wholeNumber } from '../parse-option.ts'
import { type Column, renderTable } from '../table.ts'

interface SchedulesOptions {
  readonly job?: string
  readonly limit: number
  readonly after?: { readonly job: string; readonly name: string }
}

/** The command `schedules`. */
export const schedulesCommand: CliCommand<SchedulesOptions> = {
  name: 'schedules',
  summary: 'schedules in the store, static and dynamic, by job and name',
  examples: ['schedules', 'schedules --job orchestrate --limit 200', 'schedules --after orchestrate/project-17'],
  needsSharedStore: true,
  define: (command) =>
    command
      .option('--job <name>', 'schedules of one job')
      .option('--limit <n>', 'most lines', wholeNumber(1, 1_000), 50)
      .option('--after <job/schedule>', 'continue behind this one', schedulePosition),
  run: async (context, _args, { job, limit, after }) => {
    const { scheduler } = context
    const schedules = await scheduler.schedules.list({
      limit,
      ...(job === undefined ? {} : { job }),
      ...(after === undefined ? {} : { after }),
    })
    if (schedules.length === 0) warnUnknownJob(context, job)
    const last = schedules.length === limit ? schedules.at(-1) : undefined
    const next = last === undefined ? null : `${last.job}/${last.name}`
    return {
      exitCode: EXIT.ok,
      json: { schedules: schedules.map((one) => ({ ...one, payload: one.payload ?? null })), next },
      text: (layout) => {
        if (schedules.length === 0) return 'no schedule'
        const more = next === null ? '' : `\nmore: repeat with --after ${next}`
        return renderTable(schedules, COLUMNS, layout) + more
      },
    }
  },
}

const COLUMNS: readonly Column<ScheduleView>[] = [
  { title: 'JOB', value: (one) => one.job, flex: true },
  { title: 'SCHEDULE', value: (one) => one.name, flex: true },
  { title: 'KEY', value: (one) => (one.key === one.name ? '' : one.key), flex: true, optional: true },
  { title: 'DUE', value: (one) => one.description, flex: true },
  { title: 'STATE', value: (one) => one.state },
  { title: 'NEXT SLOT', value: (one) => formatInstant(one.nextSlot) },
  { title: 'CURSOR', value: (one) => formatInstant(one.cursor) },
  { title: 'SLOTS', value: (one) => String(one.slots), align: 'right' },
  { title: 'WHY', value: (one) => one.suspended?.reason ?? '', flex: true, optional: true },
]
