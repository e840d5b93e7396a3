/** A binary heap of row numbers by due instant, in typed arrays: 8 bytes per row. */

const OUT = -1

/** Row numbers are small integers that are used again; `dueAt` tells a row's instant. */
export class DueHeap {
  /** Rows in heap order. */
  #heap = new Int32Array(16)
  #size = 0
  /** Place of each row in the heap, or OUT. */
  #places = new Int32Array(16).fill(OUT)
  readonly #dueAt: (row: number) => number

  constructor(dueAt: (row: number) => number) {
    this.#dueAt = dueAt
  }

  has(row: number): boolean {
    return row < this.#places.length && this.#places[row] !== OUT
  }

  /** The earliest row, or -1. */
  get earliest(): number {
    return this.#size === 0 ? OUT : (this.#heap[0] as number)
  }

  /** Puts a row in, or to its right place after its instant changed. */
  put(row: number): void {
    if (this.has(row)) return this.#settle(row, this.#places[row] as number)
    if (row >= this.#places.length) this.#places = grown(this.#places, row + 1, OUT)
    if (this.#size === this.#heap.length) this.#heap = grown(this.#heap, this.#size + 1, 0)
    this.#up(row, this.#size++)
  }

  remove(row: number): void {
    if (!this.has(row)) return
    const place = this.#places[row] as number
    const last = this.#heap[--this.#size] as number
    this.#places[row] = OUT
    if (last !== row) this.#settle(last, place)
  }

  /** Rows due at `now`, the earliest `limit` of them, in order; costs what it gives, not what is kept. */
  due(now: number, limit: number): number[] {
    const found: number[] = []
    // Places to look at next, the earliest last.
    const frontier: number[] = this.#size > 0 ? [0] : []
    while (found.length < limit) {
      const place = frontier.pop()
      if (place === undefined) break
      const row = this.#heap[place] as number
      if (this.#dueAt(row) > now) break
      found.push(row)
      this.#look(frontier, 2 * place + 1)
      this.#look(frontier, 2 * place + 2)
    }
    return found
  }

  /** Every row, in no particular order. */
  rows(): Int32Array {
    return this.#heap.subarray(0, this.#size)
  }

  #look(frontier: number[], place: number): void {
    if (place >= this.#size) return
    const at = this.#keyAt(place)
    let low = 0
    let high = frontier.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#keyAt(frontier[middle] as number) > at) low = middle + 1
      else high = middle
    }
    frontier.splice(low, 0, place)
  }

  #keyAt(place: number): number {
    return this.#dueAt(this.#heap[place] as number)
  }

  #settle(row: number, place: number): void {
    if (place > 0 && this.#dueAt(row) < this.#keyAt((place - 1) >> 1)) this.#up(row, place)
    else this.#down(row, place)
  }

  #up(row: number, from: number): void {
    const at = this.#dueAt(row)
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      if (this.#keyAt(above) <= at) break
      this.#set(place, this.#heap[above] as number)
      place = above
    }
    this.#set(place, row)
  }

  #down(row: number, from: number): void {
    const at = this.#dueAt(row)
    let place = from
    for (;;) {
      let below = 2 * place + 1
      if (below >= this.#size) break
      if (below + 1 < this.#size && this.#keyAt(below + 1) < this.#keyAt(below)) below++
      if (this.#keyAt(below) >= at) break
      this.#set(place, this.#heap[below] as number)
      place = below
    }
    this.#set(place, row)
  }

  #set(place: number, row: number): void {
    this.#heap[place] = row
    this.#places[row] = place
  }
}

function grown(array: Int32Array<ArrayBuffer>, least: number, filling: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(least, Math.ceil(array.length * 1.5)))
  larger.set(array)
  return larger.fill(filling, array.length)
}
