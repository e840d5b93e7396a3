/** `resume`: ends a suspension. */
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { requireKnown } from '../require-known.ts'

/** The command `resume`. */
export const resumeCommand: CliCommand<{ readonly schedule?: string }> = {
  name: 'resume',
  summary: 'let a suspended job go on',
  details: 'The slots of the suspension are recorded as skipped (suspended); catch-up does not run them.',
  examples: ['resume feedback-aggregate', 'resume orchestrate --schedule project-17'],
  needsSharedStore: true,
  define: (command) => command.argument('<job>', 'name of the job').option('--schedule <name>', 'only this schedule of the job'),
  run: async ({ scheduler }, [job = ''], { schedule }) => {
    const changed = await scheduler.resume(job, schedule === undefined ? {} : { schedule })
    if (!changed) await requireKnown(scheduler, job, schedule)
    const what = schedule === undefined ? job : `${job}/${schedule}`
    return {
      exitCode: EXIT.ok,
      json: { job, schedule: schedule ?? null, changed },
      text: () => (changed ? `${what} goes on` : `${what} was not suspended`),
    }
  },
}
