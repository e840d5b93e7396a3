/** Settles runs in batches: at once when idle, gathered while a batch is under way, repeated until the store answers. */
import type { SettleReply, Settlement } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import { sleep, type Clock } from '../time/clock.ts'
import { storeBackoff } from './retry-store.ts'
import { isTransient } from './store-link.ts'

const MAX_BATCH = 500

export interface Settler {
  /** Resolves with the store's answer. Rejects only when the store refuses for good, or `abandon` was called. */
  settle(settlement: Settlement): Promise<SettleReply>
  /** From now on nothing is repeated: what cannot be recorded at once is left to the lease's end. */
  abandon(): void
  /** Repeats again, after {@link abandon}. */
  resume(): void
  drained(): Promise<void>
}

export interface SettlerDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly owner: () => string
  readonly call: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
}

interface Entry {
  readonly settlement: Settlement
  readonly resolve: (reply: SettleReply) => void
  readonly reject: (error: unknown) => void
}

export function createSettler(deps: SettlerDeps): Settler {
  let queue: Entry[] = []
  let flushing: Promise<void> | null = null
  let abandoned = new AbortController()

  const send = async (batch: readonly Entry[]): Promise<void> => {
    const { signal } = abandoned
    for (let attempt = 1; ; attempt++) {
      try {
        const reply = await deps.call('runs.settle', (store) =>
          store.runs.settle({ owner: deps.owner(), settlements: batch.map((entry) => entry.settlement) }),
        )
        for (const [index, entry] of batch.entries()) entry.resolve(reply.replies[index] as SettleReply)
        return
      } catch (error) {
        if (!isTransient(error) || signal.aborted) return rejectAll(batch, error)
        await sleep(deps.clock, storeBackoff(attempt, deps.random), signal).catch(() => undefined)
        if (signal.aborted) return rejectAll(batch, error)
      }
    }
  }

  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.slice(0, MAX_BATCH)
      queue = queue.slice(MAX_BATCH)
      await send(batch)
    }
  }

  const schedule = (): void => {
    if (flushing !== null) return
    // One turn later: runs that end in this turn share the batch.
    flushing = new Promise((resolve) => {
      deps.clock.defer(() => {
        void flush().then(() => {
          flushing = null
          resolve()
          if (queue.length > 0) schedule()
        })
      })
    })
  }

  return {
    settle: (settlement) =>
      new Promise((resolve, reject) => {
        queue.push({ settlement, resolve, reject })
        schedule()
      }),
    abandon: () => abandoned.abort(),
    resume() {
      if (abandoned.signal.aborted) abandoned = new AbortController()
    },
    async drained() {
      while (flushing !== null) await flushing
    },
  }
}

function rejectAll(batch: readonly Entry[], error: unknown): void {
  for (const entry of batch) entry.reject(error)
}
