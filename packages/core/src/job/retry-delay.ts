/** How long to wait before the next attempt. Pure. */
import type { JobPolicy } from './job.ts'

/**
 * Milliseconds until the next attempt after `failures` failed ones (≥ 1). Exponential backoff with
 * full jitter (Brooker, "Exponential Backoff And Jitter", 2015), never under half of the minimum.
 */
export function retryDelay(retry: JobPolicy['retry'], failures: number, random: () => number): number {
  const ceiling = Math.min(retry.maxTimeoutMs, retry.minTimeoutMs * retry.factor ** (failures - 1))
  if (!retry.randomize) return Math.round(ceiling)
  return Math.round(Math.max(Math.min(retry.minTimeoutMs / 2, ceiling), random() * ceiling))
}

/** The wait an error asks for (`retryAfterMs`, on itself or a cause), in ms; null if it asks for none. */
export function retryHint(error: unknown): number | null {
  for (let current: unknown = error, depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth++) {
    const hint = (current as { retryAfterMs?: unknown }).retryAfterMs
    if (typeof hint === 'number' && Number.isFinite(hint)) return Math.max(0, Math.round(hint))
    current = (current as { cause?: unknown }).cause
  }
  return null
}
