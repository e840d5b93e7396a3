/** One process's line to the store, with everything that networks do to it. */
import { copy } from './copy.ts'
import type { Store, StoreHint } from '../../src/store/store.ts'
import type { Dice } from './dice.ts'
import type { SimProcess } from './sim-process.ts'
import type { CallFaults } from './swarm.ts'
import type { Timeline } from './timeline.ts'

/** A call that took effect in the store. Request and reply are copies. */
export interface Commit {
  readonly process: SimProcess
  /** `runs.claim`, … */
  readonly verb: string
  readonly request: unknown
  readonly reply: unknown
  /** When the process made the call, on the timeline. */
  readonly askedAt: number
  /** Store time just before it took effect. */
  readonly storeNow: number
}

export interface Wire {
  faults(): CallFaults
  /** Longest time that a slow call stays on the wire, one way. */
  readonly slowMs: number
  /** While this process is cut off: the chance that a request is lost, else its reply is. Null when it is not. */
  cut(process: SimProcess): number | null
  readonly dice: Dice
  readonly isShared: boolean
  readonly timeline: Timeline
  storeNow(): number
  /** May look at the store before a call takes effect. */
  before(verb: string, request: unknown): Promise<void>
  /** After a call took effect, before anyone hears of it. */
  committed(commit: Commit): Promise<void>
  /** A reply was handed to the process. */
  delivered(process: SimProcess, verb: string, reply: unknown): void
}

/** A store with which hints can be made up. */
export interface FaultyStore {
  readonly store: Store
  /** Delivers a hint that nothing happened for. */
  hint(hint: StoreHint): void
}

type Verb = (request: unknown) => Promise<unknown>

const PARTS = ['schedules', 'runs', 'leases'] as const

/** The store as `process` sees it. */
export function createFaultyStore(real: Store, process: SimProcess, wire: Wire): FaultyStore {
  const { dice, timeline } = wire
  const listeners = new Set<(hint: StoreHint) => void>()

  const oneWay = (faults: CallFaults): number => {
    const usual = faults.latencyMs * (0.5 + dice.random())
    return dice.chance(faults.slow) ? usual + dice.random() * wire.slowMs : usual
  }

  const execute = async (verb: string, run: Verb, request: unknown, askedAt: number): Promise<unknown> => {
    const sent = copy(request)
    await wire.before(verb, sent)
    const storeNow = wire.storeNow()
    const reply: unknown = copy(await run(sent))
    await wire.committed({ process, verb, request: copy(request), reply, askedAt, storeNow })
    return reply
  }

  const call = (verb: string, run: Verb, given: unknown): Promise<unknown> => {
    const request = copy(given)
    const faults = wire.faults()
    const askedAt = timeline.now
    const cut = wire.cut(process)
    const losesRequest = dice.chance(cut ?? faults.loseRequest)
    const losesReply = !losesRequest && (cut !== null || dice.chance(faults.loseReply))
    const hangs = dice.chance(faults.hang)
    const twice = dice.chance(faults.duplicate)
    const answersSecond = dice.chance(0.5)
    const out = oneWay(faults)
    const back = oneWay(faults)
    const again = dice.chance(0.3) ? dice.random() * wire.slowMs : dice.random() * 5

    return new Promise((resolve, reject) => {
      const answer = (ms: number, give: () => void): void => void timeline.after(ms, () => process.deliver(give))
      const fail = (why: string): void => {
        if (!hangs) answer(back, () => reject(new Error(`ECONNRESET (${why})`)))
      }
      const give = (promise: Promise<unknown>): void => {
        promise.then(
          (reply) =>
            answer(back, () => {
              wire.delivered(process, verb, reply)
              resolve(reply)
            }),
          (error: unknown) => answer(back, () => reject(error as Error)),
        )
      }
      if (losesRequest) return fail('request lost')
      timeline.after(out, () => {
        // The connection of a dead process may have been cut before its bytes were read.
        if (process.state === 'dead' && dice.chance(0.5)) return
        const first = execute(verb, run, request, askedAt)
        if (losesReply) {
          first.then(
            () => fail('reply lost'),
            () => fail('reply lost'),
          )
        } else if (!twice || !answersSecond) give(first)
        else first.catch(() => undefined)
        if (!twice) return
        timeline.after(again, () => {
          const second = execute(verb, run, request, askedAt)
          if (answersSecond && !losesReply) give(second)
          else second.catch(() => undefined)
        })
      })
    })
  }

  const wrap = (part: (typeof PARTS)[number]): object =>
    Object.fromEntries(
      Object.entries(real[part] as unknown as Record<string, Verb>).map(([name, verb]) => [
        name,
        (request: unknown) => call(`${part}.${name}`, verb, request),
      ]),
    )

  const store: Store = {
    name: real.name,
    // As of a store on a server, which the engine asks ahead of time; in every other history.
    capabilities: { ...real.capabilities, shared: wire.isShared },
    open: () => call('open', () => real.open(), undefined) as Promise<void>,
    close: async () => undefined,
    now: () => call('now', () => real.now(), undefined) as Promise<number>,
    watch(listener) {
      listeners.add(listener)
      const unwatch = real.watch((hint: StoreHint) => {
        const faults = wire.faults()
        if (process.state === 'dead' || dice.chance(faults.loseHint) || wire.cut(process) !== null) return
        timeline.after(oneWay(faults), () => process.deliver(() => listener(hint)))
        if (dice.chance(faults.duplicate)) timeline.after(oneWay(faults), () => process.deliver(() => listener(hint)))
      })
      return () => {
        listeners.delete(listener)
        unwatch()
      }
    },
    schedules: wrap('schedules') as Store['schedules'],
    runs: wrap('runs') as Store['runs'],
    leases: wrap('leases') as Store['leases'],
  }
  return {
    store,
    hint(hint) {
      for (const listener of listeners) process.deliver(() => listener(hint))
    },
  }
}
