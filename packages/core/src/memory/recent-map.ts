/** A map that remembers at least the newest `limit` entries, and at most twice as many. */

/** Two generations: when the younger is full it becomes the older, and the older is forgotten. */
export class RecentMap<K, V> {
  #younger = new Map<K, V>()
  #older = new Map<K, V>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: K): V | undefined {
    return this.#younger.get(key) ?? this.#older.get(key)
  }

  has(key: K): boolean {
    // An empty map would hash a long key for nothing.
    return (this.#younger.size > 0 && this.#younger.has(key)) || (this.#older.size > 0 && this.#older.has(key))
  }

  set(key: K, value: V): void {
    if (this.#younger.size >= this.#limit) {
      this.#older = this.#younger
      this.#younger = new Map()
    }
    this.#younger.set(key, value)
  }
}
