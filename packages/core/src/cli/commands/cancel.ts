/** `cancel`: ends a run that has not ended. */
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'

/** The command `cancel`. */
export const cancelCommand: CliCommand<{ readonly reason?: string }> = {
  name: 'cancel',
  summary: 'cancel a run',
  details:
    'A pending run is cancelled at once. A running one is asked to stop: the process that executes it aborts its signal. Exit code 1 when it had ended.',
  examples: ['cancel 0198c2f0-7b1e-7cc3-98c4-2f8b5a1d9e10 --reason "wrong payload"'],
  needsSharedStore: true,
  define: (command) => command.argument('<run-id>', 'id of the run').option('--reason <text>', 'kept with the run'),
  run: async ({ scheduler }, [id = ''], { reason }) => {
    const cancelled = await scheduler.runs.cancel(id, reason)
    const state = (await scheduler.runs.get(id))?.state ?? null
    return {
      exitCode: cancelled ? EXIT.ok : EXIT.failed,
      json: { id, cancelled, state },
      text: () => {
        if (!cancelled) return `run ${id} had already ended${state === null ? '' : `: ${state}`}`
        return state === 'cancelled' || state === null ? `run ${id} is cancelled` : `run ${id} is ${state}: it is asked to stop`
      },
    }
  },
}
