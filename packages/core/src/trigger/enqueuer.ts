/** Micro-batched enqueue: concurrent triggers share one store call, debounced ones one request. */
import type { ClaimAtOnce, ClaimedRun } from '../store/claim-at-once.ts'
import type { EnqueueReply, EnqueueRequest } from '../store/runs.ts'
import { isTransient } from '../store/reach-store.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../time/clock.ts'
import { createTurns } from '../time/turns.ts'
import { coalesce, coalescingKey, foldPayloads, type Trigger } from './coalesce.ts'
import { batchLength } from './take-batch.ts'

/** What one store call carries at most. */
const BOUNDS = { most: 1_000, bytes: 4 * 1_048_576 }
/** Full batches that may be under way at once: the store works on one while this process prepares the next. */
const MOST_UNDER_WAY = 2

export interface Enqueuer {
  /** Resolves once the trigger is recorded. */
  enqueue(trigger: Trigger): Promise<EnqueueReply>
  /** The same of each of them; rejects with the first failure. */
  enqueueAll(triggers: readonly Trigger[]): Promise<readonly EnqueueReply[]>
  /** Records triggers within the caller's own transaction, at once. */
  enqueueWith(triggers: readonly Trigger[], tx: unknown): Promise<readonly EnqueueReply[]>
  /** Resolves when the call under way, if any, is over. */
  idle(): Promise<void>
}

export interface EnqueuerDeps {
  readonly clock: Clock
  /** When a lone trigger goes out: once all that this turn, or this step of it, brings is there. */
  readonly defer: Clock['defer']
  /** Payloads that are merged here have at most as many bytes together; more are left to the store, one by one. */
  readonly maxPayloadBytes: number
  /** Calls the store with deadline and retries. */
  readonly call: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
  /** Calls it once: within a transaction nothing can be repeated. */
  readonly callOnce: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
  /** Room of this process for the runs of a batch; null when it executes nothing. */
  readonly offer: (wanted: number) => Offer | null
  /** `askedAt`: monotonic instant at which the claim was first asked for. */
  readonly onClaimed: (runs: readonly ClaimedRun[], claim: ClaimAtOnce, askedAt: number) => void
}

/** Room for the runs of a batch, until `close`. */
export interface Offer {
  readonly claim: ClaimAtOnce
  /** The batch was answered at its first try: what it claimed is known. */
  readonly answered: () => void
  readonly close: () => void
}

interface Waiter {
  readonly resolve: (reply: EnqueueReply) => void
  readonly reject: (error: unknown) => void
}

interface Entry {
  /** Monotonic. */
  readonly addedAt: number
  trigger: Trigger
  /** Payloads for the job's merge function, oldest first: folded once, when they are sent. */
  readonly texts: string[]
  /** Of `texts`. */
  bytes: number
  readonly waiters: Waiter[]
}

export function createEnqueuer(deps: EnqueuerDeps): Enqueuer {
  let queue: Entry[] = []
  let byKey = new Map<string, Entry>()
  const underWay = new Set<Promise<void>>()

  const add = (trigger: Trigger, waiter: Waiter, addedAt: number): void => {
    const key = coalescingKey(trigger)
    const texts = trigger.request.merging ?? []
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    const entry = key === null ? undefined : byKey.get(key)
    if (entry !== undefined && entry.bytes + bytes <= deps.maxPayloadBytes) {
      entry.trigger = coalesce(entry.trigger, trigger)
      entry.texts.push(...texts)
      entry.bytes += bytes
      entry.waiters.push(waiter)
      return
    }
    const added: Entry = { addedAt, trigger, texts: [...texts], bytes, waiters: [waiter] }
    queue.push(added)
    if (key !== null) byKey.set(key, added)
  }

  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const length = batchLength(queue, sizeOf, BOUNDS)
      const batch = queue.slice(0, length)
      // Order matters where requests meet in one run, and what is less than full gathers while a call is under way.
      const isAlone = length < BOUNDS.most || !batch.every(standsAlone)
      if (underWay.size >= (isAlone ? 1 : MOST_UNDER_WAY)) {
        await Promise.race(underWay)
        continue
      }
      queue = queue.slice(length)
      byKey = new Map()
      const sending = send(batch).finally(() => underWay.delete(sending))
      underWay.add(sending)
      if (isAlone) await sending
    }
    await Promise.all(underWay)
  }

  const send = async (gathered: readonly Entry[]): Promise<void> => {
    const { batch, requests } = fold(gathered)
    if (batch.length === 0) return
    const offer = deps.offer(batch.length)
    const askedAt = deps.clock.monotonic()
    let tries = 0
    let triedAt = askedAt
    try {
      const reply = await deps.call('runs.enqueue', (store) => {
        tries++
        triedAt = deps.clock.monotonic()
        return store.runs.enqueue({ requests, claim: offer?.claim })
      })
      if (offer !== null) {
        // An earlier try may have claimed runs that this answer does not tell of.
        if (tries === 1) offer.answered()
        deps.onClaimed(
          reply.replies.flatMap((one) => (one.claimed === undefined ? [] : [one.claimed])),
          offer.claim,
          askedAt,
        )
      }
      for (const [index, entry] of batch.entries()) answer(entry, reply.replies[index] as EnqueueReply)
    } catch (error) {
      refuse(batch, error)
      if (isTransient(error)) refuse(takeWaiting(triedAt), error)
    } finally {
      offer?.close()
    }
  }

  /** What has stood in the queue since before an instant: it waited while the store was asked in vain, and must not wait for ever. */
  const takeWaiting = (since: number): readonly Entry[] => {
    const waited = queue.filter((entry) => entry.addedAt < since)
    queue = queue.filter((entry) => entry.addedAt >= since)
    const left = new Set(queue)
    byKey = new Map([...byKey].filter(([, entry]) => left.has(entry)))
    return waited
  }

  // All of one turn, or step, are in the batch by then.
  const turns = createTurns(deps, flush, () => queue.length > 0)

  return {
    enqueue: (trigger) =>
      new Promise((resolve, reject) => {
        add(trigger, { resolve, reject }, deps.clock.monotonic())
        turns.ask()
      }),
    enqueueAll: (triggers) =>
      new Promise((resolve, reject) => {
        const replies: EnqueueReply[] = []
        let left = triggers.length
        if (left === 0) return resolve(replies)
        const addedAt = deps.clock.monotonic()
        triggers.forEach((trigger, index) => {
          const answered = (reply: EnqueueReply): void => {
            replies[index] = reply
            if (--left === 0) resolve(replies)
          }
          add(trigger, { resolve: answered, reject }, addedAt)
        })
        turns.ask()
      }),
    async enqueueWith(triggers, tx) {
      const requests = triggers.map(({ request }) => request)
      const reply = await deps.callOnce('runs.enqueue', (store) => store.runs.enqueue({ requests, tx }))
      return reply.replies
    },
    idle: async () => void (await Promise.all(underWay)),
  }
}

/** No other request can have a say in what becomes of it. */
function standsAlone({ trigger: { request } }: Entry): boolean {
  return request.debounce === undefined && request.idempotency === undefined && !request.skipWhenBusy
}

function sizeOf({ trigger, bytes }: Entry): number {
  return Math.max(bytes, trigger.request.payload?.length ?? 0)
}

/** What is sent of a batch; callers whose merge function throws are told so. */
function fold(gathered: readonly Entry[]): { batch: readonly Entry[]; requests: readonly EnqueueRequest[] } {
  const batch: Entry[] = []
  const requests: EnqueueRequest[] = []
  for (const entry of gathered) {
    try {
      requests.push(foldPayloads(entry.trigger, entry.texts))
      batch.push(entry)
    } catch (error) {
      refuse([entry], error)
    }
  }
  return { batch, requests }
}

/** The first caller made the run, the others joined it. */
function answer({ waiters }: Entry, reply: EnqueueReply): void {
  const { id, outcome } = reply
  waiters[0]?.resolve(reply)
  for (const waiter of waiters.slice(1)) waiter.resolve({ id, outcome: outcome === 'created' ? 'coalesced' : outcome })
}

function refuse(entries: readonly Entry[], error: unknown): void {
  for (const { waiters } of entries) for (const waiter of waiters) waiter.reject(error)
}
