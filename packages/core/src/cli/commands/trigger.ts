/** `trigger`: asks the running service for a run. */
import type { TriggerOptions } from '../../job/trigger-options.ts'
import type { Duration } from '../../time/duration.ts'
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { knownJob } from '../known-job.ts'
import { duration, parsePayload, wholeNumber } from '../parse-option.ts'
import { refuseSuspended } from '../refuse-suspended.ts'
import { runEndResult } from '../run-end-view.ts'
import { triggerKnown } from '../trigger-known.ts'
import { waitForRun } from '../wait-for-run.ts'

interface TriggerCommandOptions {
  readonly payload?: string
  readonly key?: string
  readonly delay?: Duration
  readonly priority?: number
  readonly idempotencyKey?: string
  readonly wait?: true
  readonly timeout?: Duration
}

/** The command `trigger`. */
export const triggerCommand: CliCommand<TriggerCommandOptions> = {
  name: 'trigger',
  summary: 'ask the running service for a run of a job',
  details: "The job's own debounce applies. With --wait, exit code 1 when the run ends dead or cancelled.",
  examples: [`trigger feedback-aggregate --payload '{"days":7}'`, 'trigger report --key eu --delay 5m --idempotency-key 2026-01-31 --wait'],
  needsSharedStore: true,
  define: (command) =>
    command
      .argument('<job>', 'name of the job')
      .option('--payload <json>', 'payload of the run')
      .option('--key <key>', 'key of the run')
      .option('--delay <duration>', 'earliest start, counted from now, for example 5m', duration)
      .option('--priority <n>', 'higher first', wholeNumber(Number.MIN_SAFE_INTEGER))
      .option('--idempotency-key <key>', 'a second trigger with this key answers with the first run')
      .option('--wait', 'wait for the end of the run')
      .option('--timeout <duration>', 'with --wait: longest wait, for example 10m', duration),
  run: async (context, [name = ''], { payload: text, wait, timeout, ...options }) => {
    const { scheduler } = context
    const job = knownJob(scheduler, name)
    const payload = parsePayload(text)
    if (wait) await refuseSuspended(context, name)
    const handle = await triggerKnown(scheduler, job, payload, pickTriggerOptions(options))
    const { id, outcome } = handle
    // A pruned run has nothing left to wait for.
    if (wait && outcome !== 'pruned') return runEndResult(name, id, await waitForRun(context, handle, timeout), { outcome })
    return { exitCode: EXIT.ok, json: { id, job: name, outcome }, text: () => `run ${id} of ${name}: ${outcome}` }
  },
}

// Commander's options may carry the program's own (`--json`).
function pickTriggerOptions({ key, delay, priority, idempotencyKey }: TriggerCommandOptions): TriggerOptions<never> {
  return {
    ...(key === undefined ? {} : { key }),
    ...(delay === undefined ? {} : { delay }),
    ...(priority === undefined ? {} : { priority }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  }
}
