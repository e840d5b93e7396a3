/** `preview`: the next slots of a job, by the code that fires them. */
import type { PreviewSlot } from '../../scheduler/scheduler.ts'
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatElapsed, formatInstant } from '../format.ts'
import { knownJob } from '../known-job.ts'
import { wholeNumber } from '../parse-option.ts'
import { type Column, renderTable } from '../table.ts'

interface PreviewOptions {
  readonly count: number
  readonly from?: string
  readonly schedule?: string
}

/** The command `preview`. */
export const previewCommand: CliCommand<PreviewOptions> = {
  name: 'preview',
  summary: 'the next slots of a job',
  examples: ['preview feedback-aggregate', 'preview report --count 5 --from 2026-03-29T00:00:00Z'],
  needsSharedStore: false,
  define: (command) =>
    command
      .argument('<job>', 'name of the job')
      .option('--count <n>', 'how many slots', wholeNumber(1, 1_000), 10)
      .option('--from <instant>', 'slots after this instant, ISO 8601 (default: now)')
      .option('--schedule <name>', 'one schedule of the job'),
  run: async ({ scheduler }, [name = ''], { count, from, schedule }) => {
    const job = knownJob(scheduler, name)
    const slots = await scheduler.preview(job, {
      count,
      ...(from === undefined ? {} : { from }),
      ...(schedule === undefined ? {} : { schedule }),
    })
    return {
      exitCode: EXIT.ok,
      json: { job: name, slots },
      text: (layout) => (slots.length === 0 ? `${name} has no further slot` : renderTable(slots, COLUMNS, layout)),
    }
  },
}

const COLUMNS: readonly Column<PreviewSlot>[] = [
  { title: 'SLOT', value: ({ slot }) => formatInstant(slot) },
  {
    title: 'JITTER',
    value: ({ slot, dueAt }) => (dueAt > slot ? `+${formatElapsed(dueAt.getTime() - slot.getTime())}` : ''),
    align: 'right',
    optional: true,
  },
  { title: 'SCHEDULE', value: ({ schedule }) => schedule, flex: true },
]
