/** One process's way to the store, on which calls are refused, delayed, or lose their request or reply. */
import type { Store } from '../../src/store/store.ts'
import type { Clock } from '../../src/time/clock.ts'

/** What becomes of a call. */
export interface Fault {
  /** It takes effect in the store. */
  readonly lands: boolean
  readonly answer: 'reply' | 'error' | 'nothing'
  /** Milliseconds on the way there, and on the way back. */
  readonly outMs?: number
  readonly backMs?: number
  /** What an `error` is. Default: a reset connection. */
  readonly error?: Error
}

/** The store cannot be reached. */
export const REFUSED: Fault = { lands: false, answer: 'error' }
/** The call is made, and the connection is reset before the answer. */
export const LOST_REPLY: Fault = { lands: true, answer: 'error' }
/** The call is made, and nobody ever hears of it. */
export const SWALLOWED: Fault = { lands: true, answer: 'nothing' }
/** Neither call nor answer arrive. */
export const SILENT: Fault = { lands: false, answer: 'nothing' }

/** `verb` is `runs.claim` and the like. Null leaves the call alone. */
export type Verdict = (verb: string, request: unknown) => Fault | null

export interface Line {
  readonly store: Store
  /** Every call of this process: when, and which. */
  readonly calls: readonly { readonly at: number; readonly verb: string }[]
  /** What was asked with one verb, oldest first. */
  requests(verb: string): readonly unknown[]
  /** Judges every call from now on. */
  judge(verdict: Verdict | null): void
  /** The same fault for every call from now on. */
  all(fault: Fault | null): void
}

type Verb = (request: unknown) => Promise<unknown>

const PARTS = ['schedules', 'runs', 'leases'] as const

export function createLine(store: Store, deps: { readonly clock: Clock; readonly happen: (callback: () => void) => void }): Line {
  const { clock, happen } = deps
  const calls: { at: number; verb: string; request: unknown }[] = []
  let verdict: Verdict | null = null

  const call = (verb: string, run: Verb, request: unknown): Promise<unknown> => {
    calls.push({ at: clock.monotonic(), verb, request })
    const {
      lands,
      answer,
      outMs = 0,
      backMs = 0,
      error = new Error('ECONNRESET'),
    } = verdict?.(verb, request) ?? {
      lands: true,
      answer: 'reply',
    }
    return new Promise((resolve, reject) => {
      const land = (): void => {
        const reply = lands ? run(request) : Promise.resolve()
        reply.then(
          (value) => back(() => (answer === 'reply' ? resolve(value) : reject(error))),
          (refusal: unknown) => back(() => reject(refusal as Error)),
        )
      }
      const back = (give: () => void): void => {
        if (answer !== 'nothing') later(backMs, () => happen(give))
      }
      later(outMs, land)
    })
  }

  const later = (ms: number, callback: () => void): void => {
    if (ms === 0) callback()
    else clock.setTimer(callback, ms)
  }

  const wrapVerbs = (part: string, verbs: object): object =>
    Object.fromEntries(
      Object.entries(verbs).map(([name, verb]: [string, Verb | object]) => [
        name,
        typeof verb === 'function'
          ? (request: unknown) => call(`${part}.${name}`, verb as Verb, request)
          : wrapVerbs(`${part}.${name}`, verb),
      ]),
    )
  const wrap = (part: (typeof PARTS)[number]): object => wrapVerbs(part, store[part])

  return {
    calls,
    requests: (verb) => calls.filter((one) => one.verb === verb).map(({ request }) => request),
    judge(given) {
      verdict = given
    },
    all(fault) {
      verdict = fault === null ? null : () => fault
    },
    store: {
      name: store.name,
      capabilities: store.capabilities,
      open: () => call('open', () => store.open(), undefined) as Promise<void>,
      close: async () => undefined,
      now: () => call('now', () => store.now(), undefined) as Promise<number>,
      watch: (listener) =>
        store.watch((hint) => {
          if (verdict === null) happen(() => listener(hint))
        }),
      schedules: wrap('schedules') as Store['schedules'],
      runs: wrap('runs') as Store['runs'],
      leases: wrap('leases') as Store['leases'],
      windows: store.windows && (wrapVerbs('windows', store.windows) as Store['windows']),
    },
  }
}
