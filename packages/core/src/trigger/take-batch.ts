/** Cuts a batch off the front of a queue: bounded in number and in bytes, and never empty. Pure. */

/** What one call to the store carries at most. */
export interface BatchBounds {
  readonly most: number
  readonly bytes: number
}

/** How many items from the front make the next batch: as many as fit, at least one if there is any. */
export function batchLength<T>(queue: readonly T[], sizeOf: (item: T) => number, bounds: BatchBounds): number {
  let bytes = 0
  for (let index = 0; index < queue.length; index++) {
    bytes += sizeOf(queue[index] as T)
    if (index === bounds.most || (index > 0 && bytes > bounds.bytes)) return index
  }
  return queue.length
}
