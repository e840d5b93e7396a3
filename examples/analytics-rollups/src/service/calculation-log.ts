/** Calculations are logged in batches, so that a request never waits for the database. */
import type { Queries } from '../db/queries.ts'
import type { Calculation } from '../load/rows.ts'
import { writeCalculations } from '../load/write-rows.ts'
import { type LineLog, SCHEDULED } from '../observe/log-lines.ts'

export interface CalculationLog {
  /** Returns at once. */
  log(entry: Calculation): void
  /** Resolves when everything logged so far is written, and thereby marked. */
  flush(): Promise<void>
}

export interface CalculationLogOptions {
  readonly db: Queries
  readonly log: LineLog
  readonly debounceSeconds: number
  /** Default 100. */
  readonly batch?: number
  /** How long an entry waits at most. Default a second. */
  readonly everyMs?: number
}

export function createCalculationLog({ db, log, debounceSeconds, batch = 100, everyMs = 1_000 }: CalculationLogOptions): CalculationLog {
  let waiting: Calculation[] = []
  let timer: NodeJS.Timeout | null = null
  let writing: Promise<void> = Promise.resolve()

  const flush = (): Promise<void> => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const entries = waiting
    waiting = []
    if (entries.length > 0) writing = writing.then(() => write(entries))
    return writing
  }
  const write = async (entries: readonly Calculation[]): Promise<void> => {
    try {
      await writeCalculations(db, entries)
      log.debug(SCHEDULED, { delay_seconds: debounceSeconds })
    } catch (error) {
      // They go in again with the next batch; one that was written after all changes nothing.
      waiting = [...entries, ...waiting]
      log.error('calculation logs could not be written', { error: error instanceof Error ? error.message : String(error) })
      timer ??= setTimeout(() => void flush(), everyMs)
    }
  }

  return {
    log(entry) {
      waiting.push(entry)
      if (waiting.length >= batch) void flush()
      else timer ??= setTimeout(() => void flush(), everyMs)
    },
    flush,
  }
}
