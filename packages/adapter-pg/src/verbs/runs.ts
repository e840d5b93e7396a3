/** The runs part of the store. */
import type { GateRecord, JobStats, RunRecord, RunStore, Tick } from '@quarterjack/core/store'
import { type EnqueueAnswer, type SettleAnswer, toEnqueueReplies, toSettleReplies } from '../rows/replies.ts'
import { type ClaimedLot, toClaimedRuns } from '../rows/claimed-runs.ts'
import { type RunRow, toRunRecord, toRunRecordOrNull } from '../rows/run-row.ts'
import { toEnqueueLetter, toSoleRequest } from '../rows/enqueue-request.ts'
import { toSettleRequest } from '../rows/settle-request.ts'
import type { Hints, News } from '../hints/hints.ts'
import type { Calls } from './call.ts'

/** What a verb of the contract answers. */
type Reply<Verb extends keyof RunStore> = Awaited<ReturnType<RunStore[Verb]>> & object

/** Its reply, with some fields in another form. */
type Sent<Verb extends keyof RunStore, Fields> = Omit<Reply<Verb>, keyof Fields> & Fields

/** A job's statistics, with its runs as rows. */
type StatsRow = Omit<JobStats, 'lastRun' | 'lastSuccess' | 'lastFailure'> &
  Readonly<Record<'lastRun' | 'lastSuccess' | 'lastFailure', RunRow | null>>

type Claimed = Sent<'claim', { runs: readonly ClaimedLot[] }>
type Enqueued = EnqueueAnswer & Omit<Reply<'enqueue'>, 'replies'>

/** Calls on which a lease or the end of a run depends go first. */
const URGENT = { isUrgent: true }

/** What an idle process claims, it was told of. */
const HEARD = { isHeard: true }

/** What enqueues need beside calls. */
export interface RunDeps {
  /** Carries out `enqueue({ tx })`. */
  readonly enqueueWithin: RunStore['enqueue']
  readonly takeNews: Hints['takeNews']
}

export function createRunVerbs({ call, callWith }: Calls, { enqueueWithin, takeNews }: RunDeps): RunStore {
  /** `send` has the statement tell the news, if there are any. */
  const telling = async <T>(send: (news: News | null) => Promise<T>): Promise<T> => {
    const news = takeNews()
    try {
      return await send(news)
    } catch (error) {
      // A hint may get lost, a trigger must not: all of it was taken back.
      if (news === null || !isQueueFull(error)) throw error
      return await send(null)
    } finally {
      news?.ended()
    }
  }

  return {
    async enqueue(request) {
      if (request.tx !== undefined) return enqueueWithin(request)
      const { requests, claim, now } = request
      const sole = claim === undefined && now === undefined ? toSoleRequest(requests) : null
      if (sole !== null) {
        const written = await telling((news) =>
          callWith<Tick>('runs_enqueue_one', [...sole, ...(news?.notify ?? ['', ''])], { isTold: news !== null }),
        )
        if (written !== null) return { replies: requests.map(({ id }) => ({ outcome: 'created', id })), ...written }
      }
      const { letter, order } = toEnqueueLetter(requests)
      const { outcomes, claimed, ...tick } = await telling((news) =>
        call<Enqueued>('runs_enqueue', { claim, now, ...letter, notify: news?.notify ?? null }, { isTold: news !== null }),
      )
      return { replies: toEnqueueReplies({ outcomes, claimed }, { requests, order, owner: claim?.owner }), ...tick }
    },
    async claim(request) {
      const { owner, leaseMs, limit, start, seenFence, perJob, now } = request
      const values = [owner, `${leaseMs}`, `${limit}`, `${start}`, `${seenFence}`]
      if (now !== undefined) values.push(`${now}`)
      const claimed = perJob === undefined ? await callWith<Claimed>('runs_claim_one', values, HEARD) : null
      const reply = claimed ?? (await call<Claimed>('runs_claim', request))
      return { ...reply, runs: toClaimedRuns(reply.runs, owner) }
    },
    renew: (request) => call<Reply<'renew'>>('runs_renew', request, URGENT),
    leave: (request) => call<Reply<'leave'>>('runs_leave', request, URGENT),
    held: async (request) => ({ runs: toRecords(await call<RunRows>('runs_held', request)) }),
    async settle(request) {
      const { owner, now, settlements } = request
      const letter = toSettleRequest(settlements)
      const reply = await call<Sent<'settle', { replies: SettleAnswer }>>('runs_settle', { owner, now, ...letter.request }, URGENT)
      return { ...reply, replies: toSettleReplies(reply.replies, letter.order) }
    },
    releaseGates: async (request) => void (await call('runs_release_gates', request)),
    async get(request) {
      const { runs } = await call<{ runs: readonly (RunRow | null)[] }>('runs_get', request)
      return { runs: runs.map(toRunRecordOrNull) }
    },
    find: async (request) => ({ runs: toRecords(await call<RunRows>('runs_find', request)) }),
    cancel: (request) => call<Reply<'cancel'>>('runs_cancel', request),
    async stats(request) {
      const reply = await call<Sent<'stats', { jobs: readonly StatsRow[] }>>('runs_stats', request)
      return { ...reply, jobs: reply.jobs.map(toStats) }
    },
    prune: (request) => call<Reply<'prune'>>('runs_prune', request),
    async gates(request) {
      const { gates } = await call<{ gates: readonly (Omit<GateRecord, 'limit'> & { limit: number | null })[] }>('runs_gates', request)
      return { gates: gates.map((gate) => ({ ...gate, limit: gate.limit ?? Number.MAX_SAFE_INTEGER })) }
    },
  }
}

/** Somebody in the cluster listens, and does not listen: notifications that he must hear have filled the queue. */
function isQueueFull(error: unknown): boolean {
  return error instanceof Error && (error.cause as { code?: unknown } | undefined)?.code === '54000'
}

interface RunRows {
  readonly runs: readonly RunRow[]
}

function toRecords({ runs }: RunRows): readonly RunRecord[] {
  return runs.map(toRunRecord)
}

function toStats(stats: StatsRow): JobStats {
  return {
    ...stats,
    lastRun: toRunRecordOrNull(stats.lastRun),
    lastSuccess: toRunRecordOrNull(stats.lastSuccess),
    lastFailure: toRunRecordOrNull(stats.lastFailure),
  }
}
