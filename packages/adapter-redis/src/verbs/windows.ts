/** The windows part of the contract. */
import {
  type DefineReply,
  type DrainReply,
  QuarterjackError,
  type RefresherRefusal,
  type WindowClaimReply,
  type WindowCommitReply,
  type WindowFailure,
  type WindowPass,
  type WindowStore,
} from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { flag, list, number, numberOrNull, text } from '../rows/reply-reader.ts'
import { toMarkedSource, toRollupStateOrNull, toWindowRecord } from '../rows/window-row.ts'
import type { Scripts } from '../scripts/scripts.ts'
import { createBackfillVerbs } from './backfills.ts'
import type { Call } from './call.ts'
import { createSweep } from './sweep.ts'

export function createWindowVerbs(call: Call, scripts: Scripts): WindowStore {
  const sweep = createSweep(call, scripts)
  return {
    async define(request) {
      const { reply } = await call(scripts.windowsDefine, request)
      const [replies, isSwept] = list(reply)
      await sweep(flag(isSwept))
      return { replies: list(replies).map(toDefineReply) }
    },
    async forget(request) {
      const { reply } = await call(scripts.windowsForget, request)
      const [forgotten, isSwept] = list(reply)
      await sweep(flag(isSwept))
      return { forgotten: list(forgotten).map(flag) }
    },
    async mark({ tx, ...request }) {
      if (tx !== undefined) {
        throw new QuarterjackError(
          'TransactionsUnsupported',
          'mark: tx was given, but store "redis" has no transactions. Leave it out and mark after the data is committed, or use a store that has them.',
        )
      }
      const { storeNow } = await call(scripts.windowsMark, request)
      return { storeNow }
    },
    async collect(request) {
      const { storeNow, reply } = await call(scripts.windowsCollect, request)
      const [sources, nextMarkAt] = list(reply)
      return { sources: list(sources).map(toMarkedSource), nextMarkAt: numberOrNull(nextMarkAt), storeNow }
    },
    async drain(request) {
      const { storeNow, reply } = await call(scripts.windowsDrain, request)
      return { replies: list(reply).map(toDrainReply), storeNow }
    },
    async claim(request) {
      const { storeNow, reply } = await call(scripts.windowsClaim, request)
      return { replies: list(reply).map(toClaimReply), storeNow }
    },
    async commit(request) {
      const { storeNow, reply } = await call(scripts.windowsCommit, request)
      return { replies: list(reply).map(toCommitReply), storeNow }
    },
    async fail({ failures, ...request }) {
      const { storeNow, reply } = await call(scripts.windowsFail, { ...request, failures: failures.map(fromFailure) })
      return { replies: list(reply).map((one) => text(one) as 'failed' | RefresherRefusal), storeNow }
    },
    pass: (request) => pass(call, scripts, request),
    async state(request) {
      const { storeNow, reply } = await call(scripts.windowsState, request)
      return { states: list(reply).map(toRollupStateOrNull), storeNow }
    },
    async list(request) {
      const { reply } = await call(scripts.windowsList, request)
      return { windows: list(reply).map(toWindowRecord) }
    },
    backfills: createBackfillVerbs(call, scripts, sweep),
  }
}

/** One script looks at a bounded number of records; the next one goes on where it stopped. */
async function pass(
  call: Call,
  scripts: Scripts,
  { passes, ...request }: { readonly passes: readonly WindowPass[]; readonly now?: number | undefined },
): ReturnType<WindowStore['pass']> {
  const passed: boolean[] = []
  let left = passes.map((one, index) => ({ one, index }))
  while (left.length > 0) {
    const { reply } = await call(scripts.windowsPass, { ...request, passes: left.map(({ one }) => one) })
    const replies = list(reply)
    const cut: typeof left = []
    left.forEach(({ one, index }, place) => {
      const [isPassed, watermark] = list(replies[place])
      passed[index] = flag(isPassed)
      const expected = numberOrNull(watermark)
      if (expected !== null) cut.push({ one: { ...one, expected }, index })
    })
    left = cut
  }
  return { passed }
}

function toDefineReply(reply: Reply): DefineReply {
  const [status, generation] = list(reply)
  return { status: text(status) as DefineReply['status'], generation: number(generation) }
}

function toDrainReply(reply: Reply): DrainReply {
  const [status, left] = list(reply)
  return { status: text(status) as DrainReply['status'], left: list(left).map(number) }
}

function toClaimReply(reply: Reply): WindowClaimReply {
  const [status, windows] = list(reply)
  return {
    status: text(status) as WindowClaimReply['status'],
    windows: list(windows).map((one) => {
      const [start, end, seq, removed] = list(one)
      return { start: number(start), end: number(end), seq: number(seq), removed: flag(removed) }
    }),
  }
}

function toCommitReply(reply: Reply): WindowCommitReply {
  const [status, watermark] = list(reply)
  return { status: text(status) as WindowCommitReply['status'], watermark: numberOrNull(watermark) }
}

/** What scripts keep and never read travels as the text it is kept as. */
function fromFailure({ windows, ...failure }: WindowFailure): object {
  return { ...failure, windows: windows.map(({ error, ...one }) => ({ ...one, error: JSON.stringify(error) })) }
}
