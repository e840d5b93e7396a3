/** Pages: what was asked for and one more, which tells whether another page follows. */

export interface Page<T> {
  readonly items: readonly T[]
  /** Null: this was the last one. */
  readonly next: string | null
}

/** Cuts off what was read beyond `limit`. */
export function pageOf<T>(found: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : null }
}
