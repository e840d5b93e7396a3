/** `retire`: ends a job that left the code. */
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'

/** The command `retire`. */
export const retireCommand: CliCommand = {
  name: 'retire',
  summary: 'end a job that left the code',
  details:
    'Its schedules are removed, its pending runs cancelled; its history stays until pruned. Refused while a live process still declares it.',
  examples: ['retire old-report'],
  needsSharedStore: true,
  define: (command) => command.argument('<name>', 'name of the job'),
  run: async ({ scheduler }, [job = '']) => {
    await scheduler.retire(job)
    return { exitCode: EXIT.ok, json: { job, retired: true }, text: () => `${job} is retired` }
  },
}
