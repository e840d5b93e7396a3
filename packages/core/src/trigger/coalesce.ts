/** Folds debounced triggers of one (job, key) that stand in the same batch into one request. Pure. */
import { deserialisePayload } from '../job/payload.ts'
import type { EnqueueRequest } from '../store/runs.ts'

/** A request together with the job's merge function, if it has one. */
export interface Trigger {
  readonly request: EnqueueRequest
  readonly merge: ((a: never, b: never) => unknown) | null
}

/** What triggers must share to be folded; null for those that stand alone. */
export function coalescingKey({ request }: Trigger): string | null {
  const { debounce, idempotency } = request
  if (debounce === undefined || idempotency !== undefined) return null
  return JSON.stringify([request.job, request.key, request.priority, debounce])
}

/** `later` folded into `earlier`, whose id stays. */
export function coalesce(earlier: Trigger, later: Trigger): Trigger {
  const a = earlier.request
  const b = later.request
  const triggers = a.triggers + b.triggers
  if (a.debounce?.merge === 'first') return { ...earlier, request: { ...a, triggers } }
  if (a.debounce?.merge === 'last' || earlier.merge === null) return { ...earlier, request: { ...a, triggers, payload: b.payload } }
  const payload = mergePayloads([...(a.merging ?? []), ...(b.merging ?? [])], earlier.merge)
  return { ...earlier, request: { ...a, triggers, payload, merging: payload === null ? [] : [payload] } }
}

/** Folds kept payloads, oldest first, with the job's merge function. */
export function mergePayloads(texts: readonly string[], merge: (a: never, b: never) => unknown): string | null {
  const [first, ...rest] = texts
  if (first === undefined) return null
  if (rest.length === 0) return first
  const merged = rest.reduce<unknown>(
    (folded, text) => merge(folded as never, deserialisePayload(text) as never),
    deserialisePayload(first),
  )
  return JSON.stringify(merged) ?? null
}
