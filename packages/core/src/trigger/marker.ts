/** Micro-batched marks: concurrent calls share one store call, and equal marks one row. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Store } from '../store/store.ts'
import type { Mark } from '../store/window-records.ts'
import type { WindowStore } from '../store/windows.ts'
import type { Clock } from '../time/clock.ts'

/** What one store call carries at most, unless a single caller gave more. */
const MOST_PER_CALL = 5_000

export interface Marker {
  /** Resolves once the marks are in the store's log. */
  mark(marks: readonly Mark[]): Promise<void>
  /** Appends marks in the caller's own transaction, at once. */
  markWith(marks: readonly Mark[], tx: unknown): Promise<void>
}

export interface MarkerDeps {
  readonly clock: Clock
  /** Calls the store with deadline and retries. */
  readonly call: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
  /** Calls it once: within a transaction nothing can be repeated. */
  readonly callOnce: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
  /** Marks are in the log. */
  readonly onMarked: () => void
}

interface Waiting {
  readonly marks: readonly Mark[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export function createMarker({ clock, call, callOnce, onMarked }: MarkerDeps): Marker {
  let queue: Waiting[] = []
  let isFlushing = false

  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = takeBatch(queue)
      queue = queue.slice(batch.length)
      const marks = distinct(batch.flatMap((waiting) => waiting.marks))
      try {
        await call('windows.mark', (store) => windowsOf(store).mark({ marks }))
        for (const { resolve } of batch) resolve()
        onMarked()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isFlushing = false
  }

  return {
    mark: (marks) =>
      new Promise((resolve, reject) => {
        queue.push({ marks, resolve, reject })
        if (isFlushing) return
        isFlushing = true
        // One turn later: all callers of this turn are in the batch by then.
        clock.defer(() => void flush())
      }),
    async markWith(marks, tx) {
      await callOnce('windows.mark', (store) => windowsOf(store).mark({ marks: distinct(marks), tx }))
    },
  }
}

/** The windows part of a store. Throws `StoreUnsupported` for one that has none. */
export function windowsOf({ name, windows }: Store): WindowStore {
  if (windows !== undefined) return windows
  throw new QuarterjackError(
    'StoreUnsupported',
    `store "${name}" keeps no windows, which rollups need: use one whose capabilities say "windows", such as memoryStore(), pgStore(…) or redisStore(…).`,
  )
}

/** Whole requests from the front: at least one. */
function takeBatch(queue: readonly Waiting[]): readonly Waiting[] {
  let size = 0
  const length = queue.findIndex(({ marks }, index) => {
    size += marks.length
    return index > 0 && size > MOST_PER_CALL
  })
  return length === -1 ? queue : queue.slice(0, length)
}

function distinct(marks: readonly Mark[]): readonly Mark[] {
  return [...new Map(marks.map((mark) => [`${mark.from} ${mark.to} ${mark.kind} ${mark.source}`, mark])).values()]
}
