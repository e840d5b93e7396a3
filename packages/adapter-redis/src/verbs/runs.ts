/** The runs part of the contract. */
import {
  type EnqueueReply,
  type EnqueueRequest,
  type JobStats,
  QuarterjackError,
  type RenewReply,
  type RenewRequest,
  type RunQuery,
  type RunStore,
  type Settlement,
  type SettleReply,
} from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { turn } from '../client/timers.ts'
import { flag, list, number, numberOrNull, text, texts } from '../rows/reply-reader.ts'
import { toClaimedRun, toRunRecord, toRunRecordOrNull, toShortClaims } from '../rows/run-row.ts'
import { isShort, isShortSuccess, MOST_SHORT, shortSuccesses, shortText } from '../rows/short-run.ts'
import type { MendPrefix } from './mend-prefix.ts'
import type { OwnerEras } from '../loss/owner-eras.ts'
import type { Hints } from '../hints/hints.ts'
import type { Scripts } from '../scripts/scripts.ts'
import { toTick, type Call } from './call.ts'
import { createStillness, type Stillness } from './stillness.ts'

/** What runs need beside the call. */
export interface RunVerbDeps {
  readonly scripts: Scripts
  readonly eras: OwnerEras
  readonly mendPrefix: MendPrefix
  readonly hints: Pick<Hints, 'isSilent'>
}

export function createRunVerbs(call: Call, { scripts, eras, mendPrefix, hints }: RunVerbDeps): RunStore {
  const stillness = createStillness()
  return {
    async enqueue({ tx, ...request }) {
      if (tx !== undefined) {
        throw new QuarterjackError(
          'TransactionsUnsupported',
          'enqueue: tx was given, but store "redis" has no transactions. Leave it out, or use a store that has them.',
        )
      }
      if (request.claim === undefined && request.requests.every(isPlain)) {
        return (await enqueueShort(call, scripts, request)) ?? enqueuePlain(call, scripts, request)
      }
      const { storeNow, reply } = await call(scripts.runsEnqueue, request)
      const [replies, tick] = list(reply)
      return { replies: list(replies).map(toEnqueueReply), ...toTick(storeNow, tick) }
    },
    async claim({ limit, ...request }) {
      const { storeNow, reply } = await call(scripts.runsClaim, { ...request, limit: Math.min(limit, MOST_CLAIMED) })
      const [status, runs, tick, job = '', short = [], started = 0] = list(reply)
      // Reading so many takes a while. What was sent in this turn goes out first, so that the server has something to do meanwhile.
      if (list(short).length > LONG_REPLY) await turn()
      const first = toShortClaims(short, { job: text(job), owner: request.owner, storeNow, started: number(started) })
      return { status: text(status) as 'ok' | 'dead', runs: [...first, ...list(runs).map(toClaimedRun)], ...toTick(storeNow, tick) }
    },
    renew: (request) =>
      eras.renew(request, () => renew(call, scripts, { request: { ...request, beat: hints.isSilent }, mendPrefix, stillness })),
    async leave(request) {
      eras.forget(request.owner)
      stillness.forget(request.owner)
      const { reply } = await call(scripts.runsLeave, request)
      return { released: number(reply) }
    },
    async held(request) {
      const { reply } = await call(scripts.runsHeld, request)
      return { runs: list(reply).map(toRunRecord) }
    },
    settle: (request) => settle(call, scripts, request),
    async releaseGates(request) {
      await call(scripts.runsReleaseGates, request)
    },
    async get(request) {
      const { reply } = await call(scripts.runsGet, request)
      return { runs: list(reply).map(toRunRecordOrNull) }
    },
    find: (query) => find(call, scripts, query),
    async cancel(request) {
      const { reply } = await call(scripts.runsCancel, request)
      return { replies: list(reply).map((one) => text(one) as 'cancelled' | 'requested' | 'terminal' | 'unknown') }
    },
    async stats(request) {
      const { storeNow, reply } = await call(scripts.runsStats, request)
      const [owners, jobs] = list(reply)
      return { storeNow, owners: number(owners), jobs: list(jobs).map((one, index) => toStats(one, request.jobs[index] as string)) }
    },
    async prune(request) {
      const { reply } = await call(scripts.runsPrune, request)
      const [pruned, more] = list(reply)
      return { pruned: number(pruned), more: flag(more) }
    },
    async gates(request) {
      const { reply } = await call(scripts.runsGates, request)
      return {
        gates: list(reply).map((one) => {
          const [gate, limit, held, holders, waiting] = list(one)
          const most = number(limit)
          return {
            gate: text(gate),
            limit: most === -1 ? Number.MAX_SAFE_INTEGER : most,
            held: number(held),
            holders: number(holders),
            waiting: number(waiting),
          }
        }),
      }
    },
  }
}

/** Of a longer reply the server writes the first 64 KB, and the rest after whatever it was asked meanwhile. */
const MOST_CLAIMED = 300

/** Parts of a reply: about a hundred runs. */
const LONG_REPLY = 300

/** It asks for nothing but a run: the shorter way. */
function isPlain({ debounce, idempotency, skipWhenBusy, gates }: EnqueueRequest): boolean {
  return debounce === undefined && idempotency === undefined && !skipWhenBusy && gates.length === 0
}

/** Null where the general way must decide. */
async function enqueueShort(
  call: Call,
  scripts: Scripts,
  { requests, ...rest }: { readonly requests: readonly EnqueueRequest[] },
): Promise<Awaited<ReturnType<RunStore['enqueue']>> | null> {
  const job = requests[0]?.job
  if (job === undefined || requests.length > MOST_SHORT || !requests.every((one) => isShort(one, job))) return null
  const texts = [job]
  for (const one of requests) texts.push(one.id, one.key, shortText(one))
  const { storeNow, reply } = await call(scripts.runsEnqueueShort, rest, texts)
  return reply === 0 ? null : { replies: requests.map(({ id }) => ({ outcome: 'created', id })), storeNow }
}

async function enqueuePlain(
  call: Call,
  scripts: Scripts,
  request: { readonly requests: readonly EnqueueRequest[] },
): ReturnType<RunStore['enqueue']> {
  const { storeNow, reply } = await call(scripts.runsEnqueuePlain, request)
  const replies = request.requests.map(({ id }): EnqueueReply => ({ outcome: 'created', id }))
  for (const other of list(reply)) {
    const [place, outcome] = list(other)
    const index = number(place) - 1
    replies[index] = { outcome: text(outcome) as EnqueueReply['outcome'], id: (request.requests[index] as EnqueueRequest).id }
  }
  return { replies, storeNow }
}

async function renew(
  call: Call,
  scripts: Scripts,
  {
    request,
    mendPrefix,
    stillness,
  }: { readonly request: RenewRequest & { readonly beat: boolean }; readonly mendPrefix: MendPrefix; readonly stillness: Stillness },
): Promise<RenewReply> {
  let answer = await call(scripts.runsRenew, request)
  if (list(answer.reply)[0] === 'damaged') {
    await mendPrefix()
    answer = await call(scripts.runsRenew, request)
  }
  const { storeNow, reply, position } = answer
  if (list(reply)[0] === 'damaged') {
    throw new QuarterjackError(
      'StoreUnavailable',
      'store "redis": runs.renew failed: keys of the store were deleted or evicted, and more went while they were put in order. Set maxmemory-policy noeviction, and let nobody else write under the prefix.',
    )
  }
  const [status, held, cancels, expired, tick, renewals] = list(reply)
  if (renewals === undefined) stillness.forget(request.owner)
  return {
    status: text(status) as RenewReply['status'],
    held: number(held),
    cancels: list(cancels).map((one) => {
      const [runId, fence, reason] = list(one)
      return { runId: text(runId), fence: number(fence), reason: text(reason) }
    }),
    expired: list(expired).map((one) => ({ owner: text(list(one)[0]), runs: number(list(one)[1]) })),
    still: renewals !== undefined && stillness.isStill(request.owner, position, number(renewals)),
    ...toTick(storeNow, tick),
  }
}

/** One script looks at a bounded number of runs; the next one goes on where it stopped. */
async function find(call: Call, scripts: Scripts, query: RunQuery): ReturnType<RunStore['find']> {
  const runs: ReturnType<typeof toRunRecord>[] = []
  let age: number | null = null
  do {
    const request: object = { ...query, limit: query.limit - runs.length, ...(age === null ? {} : { age }) }
    const { reply } = await call(scripts.runsFind, request)
    const [found, reached] = list(reply)
    runs.push(...list(found).map(toRunRecord))
    age = numberOrNull(reached)
  } while (age !== null && runs.length < query.limit)
  return { runs }
}

async function settle(
  call: Call,
  scripts: Scripts,
  { settlements, ...request }: Parameters<RunStore['settle']>[0],
): ReturnType<RunStore['settle']> {
  // After a failure in the same lot the order counts: failures in a row are counted.
  const maySplit = settlements.length <= MOST_SHORT && !settlements.some((one) => one.then.to === 'dead')
  const isApart = settlements.map((one) => maySplit && isShortSuccess(one))
  const short = shortSuccesses(settlements.filter((_, index) => isApart[index]))
  const others = settlements.filter((_, index) => !isApart[index]).map(fromSettlement)
  const { storeNow, reply } = await call(scripts.runsSettle, { ...request, settlements: others }, short)
  const [replies, tick, left] = list(reply)
  const general = list(replies).map(toSettleReply)
  const special = new Map(list(left).map((one) => [number(list(one)[0]) - 1, toSettleReply(list(one)[1])]))
  let nextShort = 0
  let nextGeneral = 0
  return {
    replies: isApart.map((apart) => (apart ? (special.get(nextShort++) ?? SETTLED) : (general[nextGeneral++] as SettleReply))),
    ...toTick(storeNow, tick),
  }
}

const SETTLED: SettleReply = { status: 'settled', failuresInARow: 0 }

function toSettleReply(reply: Reply | undefined): SettleReply {
  const [settled, failures] = list(reply)
  return { status: flag(settled) ? 'settled' : 'stale', failuresInARow: number(failures) }
}

/** What scripts keep and never read travels as the text it is kept as. */
function fromSettlement({ error, ...settlement }: Settlement): object {
  return { ...settlement, error: error === null ? null : JSON.stringify(error) }
}

function toEnqueueReply(reply: Reply): EnqueueReply {
  const [outcome, id, claimed] = list(reply)
  const answer = { outcome: text(outcome) as EnqueueReply['outcome'], id: text(id) }
  return claimed === undefined ? answer : { ...answer, claimed: toClaimedRun(claimed) }
}

function toStats(reply: Reply, job: string): JobStats {
  const row = list(reply)
  const suspendedAt = numberOrNull(row[13])
  return {
    job,
    generation: number(row[19]),
    pending: number(row[0]),
    waiting: number(row[1]),
    running: number(row[2]),
    oldestDueAt: numberOrNull(row[3]),
    nextSlot: numberOrNull(row[4]),
    overdueSince: numberOrNull(row[5]),
    schedules: number(row[6]),
    lastRun: toRunRecordOrNull(row[7]),
    lastSuccess: toRunRecordOrNull(row[8]),
    lastFailure: toRunRecordOrNull(row[9]),
    failuresInARow: number(row[10]),
    recent: list(row[11]).map((one) => {
      const [outcome, latenessMs, durationMs] = list(one)
      return {
        outcome: text(outcome) as JobStats['recent'][number]['outcome'],
        latenessMs: number(latenessMs),
        durationMs: number(durationMs),
      }
    }),
    capableOwners: number(row[12]),
    suspended: suspendedAt === null ? null : { at: suspendedAt, reason: text(row[14]) },
    resumedAt: numberOrNull(row[15]),
    registeredAt: numberOrNull(row[16]),
    statics: texts(row[18]),
    unfired: list(row[17]).map((one) => ({ name: text(list(one)[0]), spec: text(list(one)[1]) })),
  }
}
