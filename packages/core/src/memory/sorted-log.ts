/** Items in the order of a number that mostly grows: cheap to append, to take out, and to read from either end. */

/** Removed items leave holes, which are closed when they outnumber the rest. */
export class SortedLog<T> {
  #ranks: number[] = []
  #items: (T | null)[] = []
  #holes = 0

  get size(): number {
    return this.#items.length - this.#holes
  }

  /** Adds an item; after those of an equal rank. */
  add(rank: number, item: T): void {
    const at = this.#after(rank)
    if (at === this.#items.length) {
      this.#ranks.push(rank)
      this.#items.push(item)
    } else {
      this.#ranks.splice(at, 0, rank)
      this.#items.splice(at, 0, item)
    }
  }

  remove(rank: number, item: T): void {
    for (let at = this.#after(rank) - 1; at >= 0 && this.#ranks[at] === rank; at--) {
      if (this.#items[at] !== item) continue
      this.#items[at] = null
      this.#holes++
      if (this.#holes > 16 && this.#holes > this.size) this.#close()
      return
    }
  }

  /** Items whose rank is above `rank`, in order. */
  *above(rank: number): Generator<T, undefined, undefined> {
    for (let at = this.#after(rank); at < this.#items.length; at++) {
      const item = this.#items[at]
      if (item !== null && item !== undefined) yield item
    }
  }

  /** Items whose rank is below `rank`, the last one first. */
  *below(rank: number): Generator<T, undefined, undefined> {
    for (let at = this.#after(rank) - 1; at >= 0; at--) {
      const item = this.#items[at]
      if (item !== null && item !== undefined && (this.#ranks[at] as number) < rank) yield item
    }
  }

  /** Where the first item of a higher rank stands. */
  #after(rank: number): number {
    const size = this.#ranks.length
    if (size === 0 || rank >= (this.#ranks[size - 1] as number)) return size
    let low = 0
    let high = size - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ranks[middle] as number) > rank) high = middle
      else low = middle + 1
    }
    return low
  }

  #close(): void {
    const isKept = (_: unknown, at: number): boolean => this.#items[at] !== null
    this.#ranks = this.#ranks.filter(isKept)
    this.#items = this.#items.filter(isKept)
    this.#holes = 0
  }
}
