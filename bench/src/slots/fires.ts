/** What replicas saw fire, put together: how late, what was lost, what came twice. */
import { quantile, type Sample } from '../figure.ts'

/** Key, slot, and when the handler began. */
export type Fire = readonly [key: string, slotAt: number, startedAt: number]

/** `expected`: how many slots there were from `fromAt` to before `toAt`. */
export function judgeFires(
  fires: readonly Fire[],
  window: { readonly fromAt: number; readonly toAt: number; readonly expected: number },
): Sample {
  const within = fires.filter(([, slotAt]) => slotAt >= window.fromAt && slotAt < window.toAt)
  const distinct = new Set(within.map(([key, slotAt]) => `${key} ${slotAt}`)).size
  const late = within.map(([, slotAt, startedAt]) => startedAt - slotAt)
  return {
    latenessP50Ms: quantile(late, 0.5),
    latenessP99Ms: quantile(late, 0.99),
    firedPercent: (100 * distinct) / window.expected,
    lost: window.expected - distinct,
    doubled: within.length - distinct,
  }
}
