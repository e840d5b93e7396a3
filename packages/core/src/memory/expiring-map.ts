/** A map whose entries end by themselves. */
import { Heap, type HeapItem } from './heap.ts'

interface Entry<V> extends HeapItem {
  readonly key: string
  readonly value: V
  readonly expiresAt: number
}

/** Entries past their end are not seen; each `set` removes up to two of them, so none stays for ever in use. */
export class ExpiringMap<V> {
  readonly #entries = new Map<string, Entry<V>>()
  readonly #byEnd = new Heap<Entry<V>>((a, b) => a.expiresAt < b.expiresAt)

  get(key: string, now: number): { readonly value: V; readonly expiresAt: number } | undefined {
    const entry = this.#entries.get(key)
    return entry === undefined || entry.expiresAt <= now ? undefined : entry
  }

  set(key: string, value: V, until: { readonly expiresAt: number; readonly now: number }): void {
    this.#drop(this.#entries.get(key))
    const entry = { key, value, expiresAt: until.expiresAt, heapIndex: -1 }
    this.#entries.set(key, entry)
    this.#byEnd.push(entry)
    for (let swept = 0; swept < 2 && (this.#byEnd.peek()?.expiresAt ?? Number.POSITIVE_INFINITY) <= until.now; swept++)
      this.#drop(this.#byEnd.peek())
  }

  /** Takes over the entries of another map that are missing here. */
  absorb(other: ExpiringMap<V>): void {
    for (const { key, value, expiresAt } of other.#byEnd.items) {
      if (!this.#entries.has(key)) this.set(key, value, { expiresAt, now: Number.NEGATIVE_INFINITY })
    }
  }

  #drop(entry: Entry<V> | undefined): void {
    if (entry === undefined) return
    this.#entries.delete(entry.key)
    this.#byEnd.remove(entry)
  }
}
