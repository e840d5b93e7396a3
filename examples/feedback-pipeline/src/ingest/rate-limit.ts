/** How fast items may come in: a bucket of tokens per source, refilled evenly. */

export interface Bucket {
  /** May be a fraction. */
  readonly tokens: number
  readonly filledAt: number
}

export interface BucketRule {
  /** As many may come at once after a pause. */
  readonly capacity: number
  /** An empty bucket is full again after this long. */
  readonly perMs: number
}

export interface Taken {
  readonly bucket: Bucket
  /** 0 when it was granted; else when to come again. */
  readonly retryAfterMs: number
}

/** Takes `count` tokens, or none. More than the bucket holds are let through by a full one, and paid for afterwards. */
export function takeTokens(
  bucket: Bucket | null,
  count: number,
  { rule, now }: { readonly rule: BucketRule; readonly now: number },
): Taken {
  const before = bucket ?? { tokens: rule.capacity, filledAt: now }
  const refilled = Math.max(0, now - before.filledAt) * (rule.capacity / rule.perMs)
  const tokens = Math.min(rule.capacity, before.tokens + refilled)
  const wanted = Math.min(count, rule.capacity)
  // A fraction that was lost in the arithmetic is no reason to wait.
  if (tokens + 1e-9 >= wanted) return { bucket: { tokens: tokens - count, filledAt: now }, retryAfterMs: 0 }
  return { bucket: { tokens, filledAt: now }, retryAfterMs: Math.ceil((wanted - tokens) * (rule.perMs / rule.capacity)) }
}

/** Counts in this process. Answers how long to wait, 0 for not at all. */
export function createRateLimit(rule: BucketRule, now: () => number): (name: string, count: number) => number {
  const buckets = new Map<string, Bucket>()
  return (name, count) => {
    const { bucket, retryAfterMs } = takeTokens(buckets.get(name) ?? null, count, { rule, now: now() })
    buckets.set(name, bucket)
    return retryAfterMs
  }
}
