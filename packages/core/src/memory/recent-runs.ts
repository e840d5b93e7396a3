/** What runs recorded, remembered while they run. */
import type { RunRow } from './rows.ts'

interface Entry {
  readonly run: RunRow
  readonly fence: number
  /** What was recorded last, by what it is about. */
  readonly written: Map<string, number>
}

/** Entries of runs that have ended are dropped step by step, as others are added. */
export class RecentRuns {
  readonly #entries = new Map<RunRow, Entry>()

  get(run: RunRow, key: string): number | undefined {
    const entry = this.#entries.get(run)
    return entry?.fence === run.fence ? entry.written.get(key) : undefined
  }

  set(run: RunRow, key: string, value: number): void {
    let entry = this.#entries.get(run)
    if (entry?.fence !== run.fence) {
      this.#sweep()
      entry = { run, fence: run.fence, written: new Map() }
      this.#entries.set(run, entry)
    }
    entry.written.set(key, value)
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
