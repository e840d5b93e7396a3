/** A verb's one call: the request as JSON there, a list back; what scripts say beside the reply is taken out here. */
import { QuarterjackError, type StoreHint, type Tick } from '@quarterjack/core/store'
import type { Driver } from '../client/driver.ts'
import { keyOf } from '../client/key-space.ts'
import type { Reply } from '../client/redis-client.ts'
import { createServerClock } from '../client/server-clock.ts'
import { monotonic } from '../client/timers.ts'
import { readHints } from '../hints/message.ts'
import { createLossWatch, type LossWatch, type Position } from '../loss/loss-watch.ts'
import type { SeenCursors } from '../loss/seen-cursors.ts'
import { list, number, numberOrNull, text, textOrNull } from '../rows/reply-reader.ts'
import type { VerbScript } from '../scripts/lua-module.ts'
import type { Scripts } from '../scripts/scripts.ts'

/** What a script replied. */
export interface Answer {
  readonly storeNow: number
  readonly reply: Reply
  /** Where the prefix stands now. */
  readonly position: Position
}

/**
 * Runs a script with a request; `now` within it is passed apart. `notBefore` is an instant of the server that is about to come:
 * everything is made ready, and sent then. `texts` are passed as they are, after everything else.
 */
export type Call = (script: VerbScript, request: object, texts?: readonly string[]) => Promise<Answer>

/** One call, as it is made and made again. */
interface Asked {
  readonly script: VerbScript
  readonly request: object
  readonly texts?: readonly string[]
  readonly now?: number | undefined
  readonly notBefore?: number | undefined
}

export interface CallDeps {
  readonly driver: Driver
  readonly prefix: string
  /** Names this process in messages. */
  readonly from: string
  readonly scripts: Scripts
  readonly cursors: SeenCursors
  /** Throws when the store is closed. */
  readonly checkOpen: () => void
  readonly tellHere: (hints: readonly StoreHint[]) => void
}

/** What scripts say became of a call; 0 where there was nothing to write. */
const REFUSED = 1
const WRITTEN = 2

/** A server that loses writes again and again is not asked for ever. */
const MOST_REPAIRS = 5

export function createCall(deps: CallDeps): { readonly call: Call; readonly watch: LossWatch } {
  const { driver, prefix, from, scripts, checkOpen, tellHere } = deps
  const names = new Map<VerbScript, readonly string[]>()
  const keysOf = (script: VerbScript): readonly string[] => {
    let keys = names.get(script)
    if (keys === undefined) {
      keys = script.keys.map((key) => keyOf(prefix, key))
      names.set(script, keys)
    }
    return keys
  }
  /** The longest lease and the highest fence that this process asked with. */
  const asked = { leaseMs: 0, fence: 0 }

  const clock = createServerClock()

  const run = async ({ script, request, texts = [], now, notBefore }: Asked, told: Position | null) => {
    const known = told === null ? ['', '0', '0'] : [told.epoch, String(told.writes), told.own]
    const args = [JSON.stringify(request), now === undefined ? '' : String(now), from, ...known, ...texts]
    if (notBefore !== undefined) await clock.until(notBefore)
    const sentAt = monotonic()
    const [epoch, writes, storeNow, hints, reply = null, dynamic, alive, outcome, own = null, micros] = list(
      await driver.run(script.name, script, keysOf(script), args),
    )
    if (now === undefined && micros !== undefined) clock.observe(sentAt, number(storeNow) + number(micros) / 1_000)
    const counts = { writes: number(writes), dynamic: number(dynamic), alive: number(alive) }
    const position = { epoch: text(epoch), own: textOrNull(own) ?? '0', ...counts }
    return { position, storeNow: number(storeNow), hints: list(hints), reply, outcome: number(outcome) }
  }

  const watch = createLossWatch(async (epoch) => {
    const request = { epoch, graceMs: asked.leaseMs, seenFence: asked.fence, cursors: deps.cursors.all() }
    const { position, storeNow } = await run({ script: scripts.repair, request }, null)
    return { position, at: storeNow }
  })

  const call: Call = async (script, request, texts) => {
    checkOpen()
    const { now, notBefore, ...rest } = request as { readonly now?: number | undefined; readonly notBefore?: number | undefined }
    noteAsked(asked, rest)
    const one: Asked = { script, request: rest, now, notBefore, ...(texts === undefined ? {} : { texts }) }
    for (let repairs = 0; repairs < MOST_REPAIRS; repairs++) {
      const repairing = watch.settled()
      if (repairing !== null) await repairing
      const told = watch.position
      const { position, storeNow, hints, reply, outcome } = await run(one, told)
      if (outcome !== REFUSED || told === null) {
        watch.observe(position, outcome === WRITTEN)
        if (hints.length > 0) tellHere(readHints(hints))
        return { storeNow, reply, position }
      }
      await watch.repair(told)
    }
    throw new QuarterjackError(
      'StoreUnavailable',
      `store "redis": ${script.name} failed: the server lost its newest writes ${MOST_REPAIRS} times in a row. Do two servers answer in turn, or does the client read from replicas?`,
    )
  }
  return { call, watch }
}

/** Requests with a lease say how long others must wait after a loss. */
function noteAsked(asked: { leaseMs: number; fence: number }, request: object): void {
  const { claim, bids, leases, leaseMs, seenFence } = request as {
    readonly claim?: { readonly leaseMs: number; readonly seenFence: number }
    readonly bids?: readonly { readonly leaseMs?: number; readonly seenFence?: number }[]
    readonly leases?: readonly { readonly leaseMs?: number; readonly fence: number }[]
    readonly leaseMs?: number
    readonly seenFence?: number
  }
  asked.leaseMs = Math.max(asked.leaseMs, leaseMs ?? 0, claim?.leaseMs ?? 0)
  asked.fence = Math.max(asked.fence, seenFence ?? 0, claim?.seenFence ?? 0)
  for (const bid of bids ?? []) {
    asked.leaseMs = Math.max(asked.leaseMs, bid.leaseMs ?? 0)
    asked.fence = Math.max(asked.fence, bid.seenFence ?? 0)
  }
  for (const lease of leases ?? []) {
    asked.leaseMs = Math.max(asked.leaseMs, lease.leaseMs ?? 0)
    asked.fence = Math.max(asked.fence, lease.fence)
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
