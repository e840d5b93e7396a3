/** `suspend`: nothing of a job starts until it is resumed. */
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { requireKnown } from '../require-known.ts'

interface SuspendOptions {
  readonly reason: string
  readonly schedule?: string
}

/** The command `suspend`. */
export const suspendCommand: CliCommand<SuspendOptions> = {
  name: 'suspend',
  summary: 'let nothing of a job fire or start until it is resumed',
  details: 'Kept in the store, over restarts and deploys. Running runs go on.',
  examples: [
    'suspend feedback-aggregate --reason "the provider is down"',
    'suspend orchestrate --schedule project-17 --reason "customer asked"',
  ],
  needsSharedStore: true,
  define: (command) =>
    command
      .argument('<job>', 'name of the job')
      .requiredOption('--reason <text>', 'why; shown wherever the job is shown')
      .option('--schedule <name>', 'only this schedule of the job'),
  run: async ({ scheduler }, [job = ''], { reason, schedule }) => {
    const changed = await scheduler.suspend(job, reason, schedule === undefined ? {} : { schedule })
    if (!changed) await requireKnown(scheduler, job, schedule)
    const what = schedule === undefined ? job : `${job}/${schedule}`
    return {
      exitCode: EXIT.ok,
      json: { job, schedule: schedule ?? null, changed },
      text: () => (changed ? `${what} is suspended: ${reason}` : `${what} was suspended already`),
    }
  },
}
