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

/** The longest wait that an error can ask for: a year. */
const LONGEST_HINT_MS = 365 * 86_400_000

/** The wait an error asks for (`retryAfterMs`, on itself or a cause), in ms, at most a year; null if it asks for none, or cannot be read. */
export function retryHint(error: unknown): number | null {
  try {
    for (let current: unknown = error, depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth++) {
      const hint = (current as { retryAfterMs?: unknown }).retryAfterMs
      if (typeof hint === 'number' && Number.isFinite(hint)) return Math.min(LONGEST_HINT_MS, Math.max(0, Math.round(hint)))
      current = (current as { cause?: unknown }).cause
    }
  } catch {
    // A getter of the user's error threw: it asks for nothing.
  }
  return null
}
