/**
 * Settles runs in batches: at once when idle, gathered while a batch is under way, repeated until the store answers.
 * A batch that is refused again and again while the store answers other calls holds something that cannot be written:
 * it is halved until that stands alone, and then recorded as dead instead. What a store says to be its server's state
 * (a full disk, a replica) is no such refusal, however often it comes.
 */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { toStoredError } from '../observe/stored-error.ts'
import type { SettleReply, Settlement } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import { sleep, type Clock } from '../time/clock.ts'
import { createTurns } from '../time/turns.ts'
import { batchLength } from '../trigger/take-batch.ts'
import { storeBackoff } from './retry-store.ts'
import { isTransient } from '../store/reach-store.ts'

const BOUNDS = { most: 1_000, bytes: 4 * 1_048_576 }

/** Refusals of a batch before it is halved; of a single settlement before another is written in its place. */
const REFUSALS_TO_HALVE = 3
const REFUSALS_TO_GIVE_UP = 10

export interface Settled {
  readonly reply: SettleReply
  /** What was written: the settlement that was given, or the one that took its place. */
  readonly written: Settlement
}

export interface Settler {
  /** Resolves with the store's answer. Rejects only when the store refuses for good, or `abandon` was called. */
  settle(settlement: Settlement): Promise<Settled>
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
  /** Monotonic instant of the last answer to any call. */
  readonly answeredAt: () => number
}

interface Entry {
  settlement: Settlement
  readonly resolve: (settled: Settled) => void
  readonly reject: (error: unknown) => void
}

export function createSettler(deps: SettlerDeps): Settler {
  let queue: Entry[] = []
  let abandoned = new AbortController()
  const stragglers = new Set<Promise<void>>()

  const send = async (batch: readonly Entry[]): Promise<void> => {
    const { signal } = abandoned
    // The owner has left: the store would refuse it.
    if (signal.aborted) return rejectAll(batch, new QuarterjackError('SchedulerStopped', 'the scheduler stopped before this was recorded.'))
    let refusals = 0
    let errors = 0
    let failedAt = Number.POSITIVE_INFINITY
    for (let attempt = 1; ; attempt++) {
      try {
        const reply = await deps.call('runs.settle', (store) =>
          store.runs.settle({ owner: deps.owner(), settlements: batch.map((entry) => entry.settlement) }),
        )
        for (const [index, entry] of batch.entries())
          entry.resolve({ reply: reply.replies[index] as SettleReply, written: entry.settlement })
        return
      } catch (error) {
        if (!isTransient(error) || signal.aborted) return rejectAll(batch, error)
        if (deps.answeredAt() > failedAt && !error.serverWide) {
          refusals++
          // One that takes too long may only wait for a lock.
          if (error.code === 'StoreUnavailable') errors++
        }
        failedAt = deps.clock.monotonic()
        const [first, ...others] = batch
        if (others.length > 0 && refusals >= REFUSALS_TO_HALVE) return halve(batch)
        if (first !== undefined && errors >= REFUSALS_TO_GIVE_UP) first.settlement = substitute(first.settlement, error)
        await sleep(deps.clock, storeBackoff(attempt, deps.random), signal).catch(() => undefined)
        if (signal.aborted) return rejectAll(batch, error)
      }
    }
  }

  /** Each half goes on by itself; what ends meanwhile does not wait for them. */
  const halve = (batch: readonly Entry[]): void => {
    const middle = Math.ceil(batch.length / 2)
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      const sending = send(half).finally(() => stragglers.delete(sending))
      stragglers.add(sending)
    }
  }

  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const length = batchLength(queue, sizeOf, BOUNDS)
      const batch = queue.slice(0, length)
      queue = queue.slice(length)
      await send(batch)
    }
  }

  // All of one turn are in the batch by then.
  const turns = createTurns(deps.clock, flush, () => queue.length > 0)

  return {
    settle: (settlement) =>
      new Promise((resolve, reject) => {
        queue.push({ settlement, resolve, reject })
        turns.ask()
      }),
    abandon: () => abandoned.abort(),
    resume() {
      if (abandoned.signal.aborted) abandoned = new AbortController()
    },
    async drained() {
      while (turns.underWay !== null || stragglers.size > 0) await Promise.all([turns.underWay, ...stragglers])
    },
  }
}

/** About; what is small beside results and errors is left out. */
function sizeOf({ settlement: { then, error } }: Entry): number {
  const result = then.to === 'succeeded' ? (then.result?.length ?? 0) : 0
  return result + (error === null ? 0 : error.message.length + (error.stack?.length ?? 0))
}

/** A record that any store can write, in place of one that it refused. */
function substitute({ runId, fence, startedAt, holdGates }: Settlement, refusal: unknown): Settlement {
  const error = toStoredError(refusal, 2_048)
  return { runId, fence, outcome: 'failed', startedAt, error, then: { to: 'dead', reason: 'its outcome could not be recorded' }, holdGates }
}

function rejectAll(batch: readonly Entry[], error: unknown): void {
  for (const entry of batch) entry.reject(error)
}
