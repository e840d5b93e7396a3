/** Micro-batched enqueue: concurrent triggers share one store call, debounced ones one request. */
import type { ClaimAtOnce, ClaimedRun } from '../store/claim-at-once.ts'
import type { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { EnqueueReply } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../time/clock.ts'
import { coalesce, coalescingKey, type Trigger } from './coalesce.ts'

/** Most requests in one store call. */
const MAX_BATCH = 500

export interface Enqueuer {
  /** Resolves once the trigger is recorded. */
  enqueue(trigger: Trigger): Promise<EnqueueReply>
  /** Records triggers within the caller's own transaction, at once. */
  enqueueWith(triggers: readonly Trigger[], tx: unknown): Promise<readonly EnqueueReply[]>
  /** Resolves when nothing is under way. */
  drained(): Promise<void>
}

export interface EnqueuerDeps {
  readonly clock: Clock
  /** Calls the store with deadline and retries. */
  readonly call: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
  /** Room of this process for the runs of a batch; null when it executes nothing. */
  readonly offer: (wanted: number) => { readonly claim: ClaimAtOnce; readonly close: () => void } | null
  /** `askedAt`: monotonic instant at which the claim was first asked for. */
  readonly onClaimed: (runs: readonly ClaimedRun[], claim: ClaimAtOnce, askedAt: number) => void
}

interface Waiter {
  readonly resolve: (reply: EnqueueReply) => void
  readonly reject: (error: QuarterjackError) => void
}

interface Entry {
  trigger: Trigger
  readonly waiters: Waiter[]
}

export function createEnqueuer(deps: EnqueuerDeps): Enqueuer {
  let queue: Entry[] = []
  let byKey = new Map<string, Entry>()
  let flushing: Promise<void> | null = null

  const add = (trigger: Trigger, waiter: Waiter): void => {
    const key = coalescingKey(trigger)
    const entry = key === null ? undefined : byKey.get(key)
    if (entry !== undefined) {
      entry.trigger = coalesce(entry.trigger, trigger)
      entry.waiters.push(waiter)
      return
    }
    const added = { trigger, waiters: [waiter] }
    queue.push(added)
    if (key !== null) byKey.set(key, added)
  }

  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.slice(0, MAX_BATCH)
      queue = queue.slice(MAX_BATCH)
      byKey = new Map()
      await send(batch)
    }
  }

  const send = async (batch: readonly Entry[]): Promise<void> => {
    const requests = batch.map((entry) => entry.trigger.request)
    const offer = deps.offer(batch.length)
    const askedAt = deps.clock.monotonic()
    try {
      const reply = await deps.call('runs.enqueue', (store) => store.runs.enqueue({ requests, claim: offer?.claim }))
      if (offer !== null)
        deps.onClaimed(
          reply.replies.flatMap((one) => (one.claimed === undefined ? [] : [one.claimed])),
          offer.claim,
          askedAt,
        )
      batch.forEach((entry, index) => {
        for (const waiter of entry.waiters) waiter.resolve(reply.replies[index] as EnqueueReply)
      })
    } catch (error) {
      for (const entry of batch) for (const waiter of entry.waiters) waiter.reject(error as QuarterjackError)
    } finally {
      offer?.close()
    }
  }

  const schedule = (): void => {
    if (flushing !== null) return
    // One turn later: all callers of this turn are in the batch by then.
    flushing = new Promise((resolve) => {
      deps.clock.defer(() => {
        void flush().then(() => {
          flushing = null
          resolve()
          // What arrived between the last look at the queue and now.
          if (queue.length > 0) schedule()
        })
      })
    })
  }

  return {
    enqueue: (trigger) =>
      new Promise((resolve, reject) => {
        add(trigger, { resolve, reject })
        schedule()
      }),
    async enqueueWith(triggers, tx) {
      const reply = await deps.call('runs.enqueue', (store) => store.runs.enqueue({ requests: triggers.map(({ request }) => request), tx }))
      return reply.replies
    },
    async drained() {
      while (flushing !== null) await flushing
    },
  }
}
