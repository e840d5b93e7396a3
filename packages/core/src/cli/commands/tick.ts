/** `tick`: one bounded pass, for one-shot containers and external cron. */
import type { Duration } from '../../time/duration.ts'
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatCount, formatInstant } from '../format.ts'
import { duration, someDuration, wholeNumber } from '../parse-option.ts'

interface TickOptions {
  readonly limit?: number
  readonly budget?: Duration
  readonly every?: Duration
}

/** The command `tick`. */
export const tickCommand: CliCommand<TickOptions> = {
  name: 'tick',
  summary: 'one bounded pass: fire what is due, execute it, leave',
  details: 'Failed attempts are retried by later passes and do not change the exit code; watch them with "health" and "dead".',
  examples: ['tick', 'tick --limit 20 --budget 2m'],
  needsSharedStore: false,
  define: (command) =>
    command
      .option('--limit <n>', 'most runs to execute (default: 100)', wholeNumber(1))
      .option('--budget <duration>', 'no run is begun after this long (default: 30s)', someDuration)
      .option('--every <duration>', 'how often passes come: slots may be as late (default: 1m)', duration),
  run: async ({ scheduler, progress }, _args, options) => {
    progress.update('working on what is due …')
    const summary = await scheduler.tick(options)
    return {
      exitCode: EXIT.ok,
      json: summary,
      text: () =>
        `fired ${formatCount(summary.fired, 'slot')}, claimed ${formatCount(summary.claimed, 'run')}: ` +
        `${summary.succeeded} succeeded, ${summary.failed} failed; next work ${formatInstant(summary.nextWakeAt)}`,
    }
  },
}
