/** What runs recorded, remembered while they run. */
import type { RunRow } from './rows.ts'

interface Entry {
  readonly run: RunRow
  readonly fence: number
  readonly written: Set<string>
}

/** Entries of runs that have ended are dropped step by step, as others are added. */
export class RecentRuns {
  readonly #entries = new Map<RunRow, Entry>()

  has(run: RunRow, what: string): boolean {
    const entry = this.#entries.get(run)
    return entry?.fence === run.fence && entry.written.has(what)
  }

  add(run: RunRow, what: string): void {
    let entry = this.#entries.get(run)
    if (entry?.fence !== run.fence) {
      this.#sweep()
      entry = { run, fence: run.fence, written: new Set() }
      this.#entries.set(run, entry)
    }
    entry.written.add(what)
  }

  #sweep(): void {
    for (let swept = 0; swept < 2; swept++) {
      const [first] = this.#entries
      if (first === undefined) return
      const [run, entry] = first
      this.#entries.delete(run)
      if (run.state === 'running' && run.fence === entry.fence) this.#entries.set(run, entry)
    }
  }
}
