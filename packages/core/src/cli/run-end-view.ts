/** What a command that waited for a run says about its end. */
import type { CommandResult } from './command.ts'
import { EXIT } from './exit-code.ts'
import { formatElapsed, formatValue } from './format.ts'
import { isFailure, runJson, runMs } from './run-view.ts'
import type { RunEnd } from './wait-for-run.ts'

/** Exit code, JSON and words of a run's end. `extra` is added to the JSON document. */
export function runEndResult(job: string, id: string, end: RunEnd, extra: object = {}): CommandResult {
  const { run, state, result } = end
  // What the store kept says it better than the error, which speaks to callers in code.
  const reason = run?.reason ?? end.reason
  return {
    exitCode: isFailure(state) ? EXIT.failed : EXIT.ok,
    json: { id, job, ...extra, state, reason, result: result ?? null, run: run === null ? null : runJson(run) },
    text: () => {
      const took = run === null ? null : runMs(run)
      const attempts = run !== null && run.attempt > 1 ? `, attempt ${run.attempt}` : ''
      const lines = [`run ${id} of ${job}: ${state}${took === null ? '' : ` in ${formatElapsed(took)}`}${attempts}`]
      if (run?.error != null && state === 'dead') lines.push(`error   ${run.error.name}: ${run.error.message}`)
      if (reason !== null && reason !== run?.error?.message) lines.push(`reason  ${reason}`)
      if (result !== undefined && result !== null) lines.push(`result  ${formatValue(result)}`)
      return lines.join('\n')
    },
  }
}
