/** Short forms of debounced triggers. */
import type { Debounce, EnqueueReply } from '../../store/runs.ts'
import { addOwner, trigger } from './run-steps.ts'
import { define } from './schedule-steps.ts'
import type { Trial } from './trial.ts'

/** A trailing debounce of 3 s (nominal) that keeps the last payload, but for `over`. */
export function debounce(t: Trial, over: Partial<Debounce> = {}): Debounce {
  return {
    leading: false,
    trailing: true,
    merge: 'last',
    ...over,
    waitMs: t.ms(over.waitMs ?? 3_000),
    maxWaitMs: over.maxWaitMs === undefined || over.maxWaitMs === null ? null : t.ms(over.maxWaitMs),
  }
}

/** One debounced trigger of job `index`. */
export async function debounced(t: Trial, over: Partial<Debounce> = {}, payload: string | null = null, key = 'k'): Promise<EnqueueReply> {
  return trigger(t, 'index', {
    key,
    payload,
    merging: over.merge === 'list' && payload !== null ? [payload] : undefined,
    debounce: debounce(t, over),
  })
}

/** Job `index`, and owner `a` that knows it. */
export async function indexJob(t: Trial): Promise<void> {
  await define(t, 'index')
  await addOwner(t, 'a', ['index'])
}
