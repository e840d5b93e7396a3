/** A verb's one call: what comes back is freed of what is not the contract's. */
import type { StoreHint, Tick } from '@quarterjack/core/store'
import type { CallOptions, Driver } from '../client/driver.ts'
import type { Hints } from '../hints/hints.ts'

/** Of one call of a verb. */
export interface VerbOptions extends CallOptions {
  /** Other processes hear of it by the statement itself. */
  readonly isTold?: boolean
}

/** Calls a function of the schema and gives its reply. */
export type Call = <Reply extends object>(fn: string, request: object, options?: VerbOptions) => Promise<Reply>

/** The same for a function of several texts; null where that has no reply. */
export type CallWith = <Reply extends object>(fn: string, values: readonly string[], options?: VerbOptions) => Promise<Reply | null>

/** What functions put beside the contract's reply. */
interface Envelope {
  /** Worth telling to whoever watches, here and elsewhere. */
  readonly hint?: readonly StoreHint[] | null
  /** The tick in one piece. */
  readonly tick?: Tick | null
}

export interface CallDeps {
  readonly driver: Driver
  /** Throws when the store is closed. */
  readonly checkOpen: () => void
  readonly hints: Pick<Hints, 'tell' | 'tellHere'>
}

/** Both ways to call. */
export interface Calls {
  readonly call: Call
  readonly callWith: CallWith
}

export function createCalls({ driver, checkOpen, hints }: CallDeps): Calls {
  const open = <Reply extends object>(envelope: Envelope, tell: (hints: readonly StoreHint[]) => void): Reply => {
    const { hint, tick, ...reply } = envelope
    if (hint !== undefined && hint !== null && hint.length > 0) tell(hint)
    return (tick === undefined || tick === null ? reply : Object.assign(reply, tick)) as Reply
  }
  return {
    async call<Reply extends object>(fn: string, request: object, options: VerbOptions = {}) {
      checkOpen()
      const envelope = ((await driver.call(fn, request, options)) ?? {}) as Envelope
      return open<Reply>(envelope, options.isTold === true ? hints.tellHere : hints.tell)
    },
    async callWith<Reply extends object>(fn: string, values: readonly string[], options: VerbOptions = {}) {
      checkOpen()
      const envelope = await driver.callWith(fn, values, options)
      return envelope === null ? null : open<Reply>(envelope as Envelope, options.isTold === true ? hints.tellHere : hints.tell)
    },
  }
}
