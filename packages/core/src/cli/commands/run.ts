/** `run`: one run of a job, executed by this process. */
import { QuarterjackError } from '../../errors/quarterjack-error.ts'
import type { Duration } from '../../time/duration.ts'
import type { CliCommand } from '../command.ts'
import { knownJob } from '../known-job.ts'
import { duration, parsePayload } from '../parse-option.ts'
import { refuseSuspended } from '../refuse-suspended.ts'
import { isStartedHere } from '../require-shared-store.ts'
import { runEndResult } from '../run-end-view.ts'
import { checkTypedPayload, triggerKnown } from '../trigger-known.ts'
import { waitForRun } from '../wait-for-run.ts'

interface RunOptions {
  readonly payload?: string
  readonly key?: string
  readonly timeout?: Duration
}

/** The command `run`. */
export const runCommand: CliCommand<RunOptions> = {
  name: 'run',
  summary: 'run a job in this process and wait for its end',
  details:
    'Starts the scheduler for this job alone (unless it works already), triggers, waits through retries, and stops. ' +
    'Works on every store. Exit code 1 when the run ends dead or cancelled, or not in time; then it is given back.',
  examples: ['run feedback-aggregate', `run feedback-aggregate --payload '{"days":7}' --key eu`],
  needsSharedStore: false,
  define: (command) =>
    command
      .argument('<job>', 'name of the job')
      .option('--payload <json>', 'payload of the run')
      .option('--key <key>', 'key of the run')
      .option('--timeout <duration>', 'longest wait for the end, for example 10m', duration),
  run: async (context, [name = ''], options) => {
    const { scheduler } = context
    const job = knownJob(scheduler, name)
    const payload = parsePayload(options.payload)
    // Refused before anything starts.
    await checkTypedPayload(job, payload)
    const startedHere = await isStartedHere(scheduler)
    let ended = false
    try {
      if (!startedHere) await scheduler.start({ only: [job], runOnStart: false })
      await refuseSuspended(context, name)
      const key = options.key === undefined ? {} : { key: options.key }
      const handle = await triggerKnown(scheduler, job, payload, { ...key, debounce: false })
      const end = await waitForRun(context, handle, options.timeout)
      ended = true
      return runEndResult(name, handle.id, end)
    } catch (error) {
      if (startedHere || !QuarterjackError.isInstance(error, 'WaitTimedOut')) throw error
      throw new QuarterjackError(
        'WaitTimedOut',
        `The run of job "${name}" did not end in time and is given back. Raise --timeout, or look why it takes so long.`,
      )
    } finally {
      // A run whose end is no longer awaited is given back at once: another process may go on with it.
      if (!startedHere) await scheduler.stop(ended ? {} : { grace: 0 })
    }
  },
}
