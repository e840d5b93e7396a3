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

/** `later` folded into `earlier`, whose id stays. Payloads for a merge function are left to {@link foldPayloads}. */
export function coalesce(earlier: Trigger, later: Trigger): Trigger {
  const a = earlier.request
  const b = later.request
  const triggers = a.triggers + b.triggers
  if (a.debounce?.merge === 'first' || earlier.merge !== null) return { ...earlier, request: { ...a, triggers } }
  return { ...earlier, request: { ...a, triggers, payload: b.payload } }
}

/** The request with the payloads of all triggers that were folded into it, oldest first. Throws what the merge function throws. */
export function foldPayloads({ request, merge }: Trigger, texts: readonly string[]): EnqueueRequest {
  if (merge === null || texts.length < 2) return request
  const payload = mergePayloads(texts, merge)
  return { ...request, payload, merging: payload === null ? [] : [payload] }
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
