/** `runOnStart`: one run per deploy, not per replica (engine rule 25). */
import type { Engine } from '../engine/engine.ts'
import { startPayload } from '../engine/register.ts'
import type { JobPolicy } from '../job/job.ts'
import { buildTrigger, RESERVED_KEY_PREFIX } from '../trigger/build-request.ts'

/** One start run per generation and window, whichever replica comes first. */
export async function startRun(
  policy: JobPolicy,
  generation: number,
  {
    nextId,
    maxPayloadBytes,
    enqueue,
  }: { readonly nextId: () => string; readonly maxPayloadBytes: number; readonly enqueue: Engine['enqueue'] },
): Promise<void> {
  if (policy.runOnStart === null) return
  const trigger = await buildTrigger(policy, startPayload(policy), { debounce: false }, { id: nextId(), maxPayloadBytes })
  await enqueue({
    ...trigger,
    request: {
      ...trigger.request,
      trigger: 'start',
      idempotency: { key: `${RESERVED_KEY_PREFIX}start:${generation}`, ttlMs: policy.runOnStart.windowMs },
    },
  })
}
