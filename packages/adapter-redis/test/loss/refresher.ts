/** A process that keeps sums per hour fresh, by the verbs of a store alone: what a loss must not lead astray. */
import type { EnqueueRequest, RollupRecord, Settlement, Store, WindowBid, WindowCommitReply } from '@quarterjack/core/store'

export const HOUR = 3_600_000
export const FIRST = Date.UTC(2024, 0, 1)
export const HOURS = 24
const JOB = 'sums'
const SOURCE = 'calls'
const LEASE_MS = 2_000

/** Rows, and what is made of them: both lie outside of the store. */
export interface Database {
  readonly rows: { readonly at: number; readonly value: number }[]
  /** By start of the hour; every refresh writes it anew. */
  readonly sums: Map<number, number>
}

export interface Refresher {
  readonly store: Store
  /** Looks for work once; true where there was any. `between` is called when windows are held, before their sums are read. */
  work(between?: () => Promise<unknown>): Promise<boolean>
  /** What was said to each commit. */
  readonly commits: WindowCommitReply['status'][]
  /** Every watermark that was seen, in turn. */
  readonly watermarks: number[]
  /** How often the rollup had to be defined. */
  defined: number
}

export function createRefresher(name: string, store: Store, database: Database): Refresher {
  const windows = store.windows
  if (windows === undefined) throw new Error('The store has no windows.')
  let owner = name
  let serial = 0
  const nextId = (): string => `${name}-${String(serial++).padStart(6, '0')}`

  const claimRun = async (): Promise<{ readonly runId: string; readonly fence: number } | null> => {
    const { status } = await store.runs.renew({ owner, leaseMs: LEASE_MS, jobs: [{ job: JOB, hash: 'h' }], started: [], progress: [] })
    if (status === 'dead') owner = nextId()
    await store.runs.enqueue({ requests: [requestOf(nextId())] })
    const { runs } = await store.runs.claim({ owner, leaseMs: LEASE_MS, limit: 1, start: 1, seenFence: 0 })
    const record = runs[0]?.record
    return record === undefined ? null : { runId: record.id, fence: record.fence }
  }
  const define = async (): Promise<void> => {
    refresher.defined++
    const rollup = { rollup: 'sums', hash: 'h', expectedGeneration: 0, sources: [SOURCE], edges: '1h', policy: '{}', startAt: FIRST }
    await windows.define({ rollups: [rollup] })
  }
  const drain = async (): Promise<void> => {
    const { sources } = await windows.collect({ limit: 100 })
    const drains = sources.map(({ source, token, marks }) => ({
      source,
      token,
      groups: marks.map(({ id, from, markedAt }) => {
        const start = from - (from % HOUR)
        return { marks: [id], markedAt, removed: false, windows: [{ rollup: 'sums', start, end: start + HOUR }] }
      }),
      parked: [],
      narrowed: [],
      sealed: [],
      enqueue: [],
    }))
    if (drains.length > 0) await windows.drain({ drains })
  }
  const look = async (): Promise<{ readonly record: RollupRecord; readonly bids: readonly WindowBid[] } | null> => {
    const state = (await windows.state({ rollups: [{ rollup: 'sums', limit: 100 }] })).states[0]
    if (state == null) return null
    const { record, dirty } = state
    refresher.watermarks.push(record.watermark)
    const missing = Array.from({ length: HOURS }, (_, index) => FIRST + index * HOUR).filter((start) => start >= record.watermark)
    const bids = [
      ...dirty.map(({ start }) => ({ start, when: 'dirty' as const })),
      ...missing.slice(0, 5).map((start) => ({ start, when: 'missing' as const })),
    ]
    return { record, bids: bids.map(({ start, when }) => ({ start, end: start + HOUR, dueAt: start + HOUR, when })) }
  }

  const refresher: Refresher = {
    store,
    commits: [],
    watermarks: [],
    defined: 0,
    async work(between) {
      await drain()
      const seen = await look()
      if (seen === null) {
        await define()
        return true
      }
      if (seen.bids.length === 0) return false
      const run = await claimRun()
      if (run === null) return true
      const asked = { rollup: 'sums', generation: seen.record.generation, ...run }
      const [claimed] = (await windows.claim({ claims: [{ ...asked, windows: seen.bids }] })).replies
      await between?.()
      for (const { start } of claimed?.windows ?? []) database.sums.set(start, sumOf(database, start))
      const commit = { ...asked, windows: (claimed?.windows ?? []).map(({ start, seq }) => ({ start, seq })), marks: [] }
      const [reply] = (await windows.commit({ commits: [commit] })).replies
      if (reply !== undefined) refresher.commits.push(reply.status)
      await store.runs.settle({ owner, settlements: [successOf(run)] })
      return true
    },
  }
  return refresher
}

export function sumOf({ rows }: Database, start: number): number {
  return rows.filter(({ at }) => at >= start && at < start + HOUR).reduce((sum, { value }) => sum + value, 0)
}

/** Written, and then marked: there is no transaction that has both. */
export async function write(store: Store, database: Database, row: Database['rows'][number]): Promise<void> {
  database.rows.push(row)
  await store.windows?.mark({ marks: [{ source: SOURCE, from: row.at, to: row.at + 1, kind: 'added' }] })
}

function requestOf(id: string): EnqueueRequest {
  const plain = { payload: null, triggers: 1, priority: 0, delayMs: 0, skipWhenBusy: false, gates: [] }
  return { id, job: JOB, key: '', trigger: 'manual', overlap: 'allow', ...plain }
}

function successOf(run: { readonly runId: string; readonly fence: number }): Settlement {
  return { ...run, outcome: 'succeeded', startedAt: Date.now(), error: null, then: { to: 'succeeded', result: null } }
}
