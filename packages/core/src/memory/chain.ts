/** A doubly linked list: append, take out anywhere, walk from the oldest. */

/** An item's place in a {@link Chain}. */
export interface Link<T> {
  readonly item: T
  previous: Link<T> | null
  next: Link<T> | null
}

/** Oldest first. */
export class Chain<T> {
  #first: Link<T> | null = null
  #last: Link<T> | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): Link<T> | null {
    return this.#first
  }

  push(item: T): Link<T> {
    const link: Link<T> = { item, previous: this.#last, next: null }
    if (this.#last === null) this.#first = link
    else this.#last.next = link
    this.#last = link
    this.#size++
    return link
  }

  /** The link must be in this chain. */
  remove(link: Link<T>): void {
    if (link.previous === null) this.#first = link.next
    else link.previous.next = link.next
    if (link.next === null) this.#last = link.previous
    else link.next.previous = link.previous
    this.#size--
  }
}
