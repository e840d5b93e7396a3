/** Cuts a batch off the front of a queue: bounded in number and in bytes, and never empty. Pure. */

/** What one call to the store carries at most. */
export interface BatchBounds {
  readonly most: number
  readonly bytes: number
}

/** How many items from the front make the next batch: as many as fit, at least one if there is any. */
export function batchLength<T>(queue: readonly T[], sizeOf: (item: T) => number, bounds: BatchBounds): number {
  let bytes = 0
  const most = Math.min(queue.length, bounds.most)
  for (let length = 0; length < most; length++) {
    bytes += sizeOf(queue[length] as T)
    if (length > 0 && bytes > bounds.bytes) return length
  }
  return most
}
