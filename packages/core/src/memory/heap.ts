/** A binary heap whose items know their place, so that any of them can be moved or taken out in O(log n). */

/** What an item must carry: its place in the heap it is in, -1 outside. */
export interface HeapItem {
  heapIndex: number
}

/** The item that comes `before` all others is on top. An item is in at most one heap at a time. */
export class Heap<T extends HeapItem> {
  readonly #items: T[] = []
  readonly #before: (a: T, b: T) => boolean

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  /** In no particular order. */
  get items(): readonly T[] {
    return this.#items
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    this.#items.push(item)
    this.#up(item, this.#items.length - 1)
  }

  pop(): T | undefined {
    const top = this.#items[0]
    if (top !== undefined) this.remove(top)
    return top
  }

  remove(item: T): void {
    const index = item.heapIndex
    const last = this.#items.pop() as T
    item.heapIndex = -1
    if (last !== item) this.#settle(last, index)
  }

  /** Restores the order after the item's rank changed. */
  update(item: T): void {
    this.#settle(item, item.heapIndex)
  }

  /** The first item that passes. Branches that hold nothing better are not looked at. */
  first(passes: (item: T) => boolean): T | undefined {
    return this.#search(0, passes, undefined)
  }

  #search(index: number, passes: (item: T) => boolean, best: T | undefined): T | undefined {
    const item = this.#items[index]
    if (item === undefined || (best !== undefined && !this.#before(item, best))) return best
    if (passes(item)) return item
    return this.#search(2 * index + 2, passes, this.#search(2 * index + 1, passes, best))
  }

  #settle(item: T, index: number): void {
    const parent = this.#items[(index - 1) >> 1]
    if (index > 0 && parent !== undefined && this.#before(item, parent)) this.#up(item, index)
    else this.#down(item, index)
  }

  #up(item: T, from: number): void {
    const items = this.#items
    let index = from
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = items[above] as T
      if (!this.#before(item, parent)) break
      items[index] = parent
      parent.heapIndex = index
      index = above
    }
    items[index] = item
    item.heapIndex = index
  }

  #down(item: T, from: number): void {
    const items = this.#items
    const size = items.length
    let index = from
    for (;;) {
      let below = 2 * index + 1
      if (below >= size) break
      if (below + 1 < size && this.#before(items[below + 1] as T, items[below] as T)) below++
      const child = items[below] as T
      if (!this.#before(child, item)) break
      items[index] = child
      child.heapIndex = index
      index = below
    }
    items[index] = item
    item.heapIndex = index
  }
}
