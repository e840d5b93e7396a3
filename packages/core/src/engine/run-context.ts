/** What a handler gets. */
import type { RunContext } from '../job/job.ts'
import { deserialisePayload, parsePayload } from '../job/payload.ts'
import type { Logger } from '../observe/logger.ts'
import { mergePayloads } from '../trigger/coalesce.ts'
import type { Execution } from './holdings.ts'
import { keepResult } from './keep-result.ts'
import { SkipSignal } from './skip-signal.ts'

const MAX_PROGRESS_BYTES = 4_096

/** Parses the payload (folding merged triggers first) and builds the context. Throws `PayloadInvalid`. */
export async function buildContext(execution: Execution, logger: Logger): Promise<RunContext> {
  const { record, policy, controller } = execution
  const payload = await parsePayload(policy.payload, deserialisePayload(payloadText(execution)), `run ${record.id} of job "${record.job}"`)
  const bindings = { job: record.job, ...(record.key === '' ? {} : { key: record.key }), runId: record.id, attempt: record.attempt }
  return Object.freeze({
    payload,
    signal: controller.signal,
    runId: record.id,
    job: record.job,
    key: record.key,
    attempt: record.attempt,
    slot: record.slot === null ? null : new Date(record.slot),
    trigger: record.trigger,
    fence: record.fence,
    idempotencyKey: record.id,
    log: logger.child?.(bindings) ?? logger,
    progress(value: unknown): void {
      execution.progress = keepResult(value ?? null, MAX_PROGRESS_BYTES)
    },
    skip(reason: string): never {
      throw new SkipSignal(reason)
    },
  })
}

function payloadText({ record, policy }: Execution): string | null {
  const merge = policy.debounce?.merge
  if (record.merging === null || record.merging.length === 0) return record.payload
  if (typeof merge !== 'function') return record.merging.at(-1) ?? record.payload
  return mergePayloads(record.merging, merge)
}
