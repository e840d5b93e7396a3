/** A verb's one call: the request as JSON there, a list back; what scripts say beside the reply is taken out here. */
import type { StoreHint, Tick } from '@quarterjack/core/store'
import type { Driver } from '../client/driver.ts'
import { keyOf } from '../client/key-space.ts'
import type { Reply } from '../client/redis-client.ts'
import { list, number, numberOrNull, text } from '../rows/reply-reader.ts'
import type { VerbScript } from '../scripts/lua-module.ts'

/** What a script replied. */
export interface Answer {
  readonly storeNow: number
  readonly reply: Reply
}

/** Runs a script with a request; `now` within it is passed apart. */
export type Call = (script: VerbScript, request: object) => Promise<Answer>

export interface CallDeps {
  readonly driver: Driver
  readonly prefix: string
  /** Names this process in messages. */
  readonly from: string
  /** Throws when the store is closed. */
  readonly checkOpen: () => void
  readonly tellHere: (hints: readonly StoreHint[]) => void
}

export function createCall({ driver, prefix, from, checkOpen, tellHere }: CallDeps): Call {
  const names = new Map<string, readonly string[]>()
  const keysOf = (script: VerbScript): readonly string[] => {
    let keys = names.get(script.name)
    if (keys === undefined) {
      keys = script.keys.map((key) => keyOf(prefix, key))
      names.set(script.name, keys)
    }
    return keys
  }
  return async (script, request) => {
    checkOpen()
    const { now, ...rest } = request as { readonly now?: number | undefined }
    const args = [JSON.stringify(rest), now === undefined ? '' : String(now), from]
    const [, , storeNow, hints, reply = null] = list(await driver.run(script.name, script, keysOf(script), args))
    const told = list(hints)
    if (told.length > 0) tellHere(told.map(toHint))
    return { storeNow: number(storeNow), reply }
  }
}

/** What {@link Tick} a script told; none without an owner. */
export function toTick(storeNow: number, reply: Reply | undefined): Tick {
  const [nextDueAt, nextRunAt, nextExpiryAt] = list(reply)
  if (nextDueAt === undefined) return { storeNow }
  return {
    storeNow,
    nextDueAt: numberOrNull(nextDueAt),
    nextRunAt: numberOrNull(nextRunAt),
    nextExpiryAt: numberOrNull(nextExpiryAt),
  }
}

function toHint(reply: Reply): StoreHint {
  const [kind, about] = list(reply)
  switch (kind) {
    case 'c':
      return { kind: 'cancel', owner: text(about) }
    case 's':
      return { kind: 'settled', runId: text(about) }
    case 'l':
      return { kind: 'lease', name: text(about) }
    case 'r':
      return { kind: 'work', of: 'runs' }
    default:
      return { kind: 'work' }
  }
}
