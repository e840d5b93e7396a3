/** A rollup over a table of real rows, and what plays on it: writers, drainers, refreshers. Windows are a thousand long, from 0. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WindowCommit, WindowCommitReply, WindowStore } from '@quarterjack/core/store'
import type { Pool, PoolClient } from 'pg'
import type { PgStore } from '../../src/index.ts'
import { enqueueRequest } from '../store/requests.ts'

export const STEP = 1_000
export const WINDOWS = 12
export const ROLLUPS = ['hourly', 'other'] as const

const LEASE_MS = 600_000

const TABLES = /* sql */ `
create table calls (at bigint not null, amount int not null);
create index calls_at on calls (at);
create table totals (rollup text, start bigint, amount bigint, primary key (rollup, start));`

export function windowsOf(store: PgStore<PoolClient>): WindowStore {
  if (store.windows === undefined) throw new Error('The store has no windows.')
  return store.windows
}

/** Makes the tables, and defines the rollups; gives their generations by name. */
export async function prepareSite(store: PgStore<PoolClient>, pool: Pool): Promise<ReadonlyMap<string, number>> {
  await store.open()
  await pool.query(TABLES)
  return defineRollups(store)
}

/** Defines the rollups; gives their generations by name. */
export async function defineRollups(store: PgStore<PoolClient>): Promise<ReadonlyMap<string, number>> {
  const rollups = ROLLUPS.map((rollup) => ({
    ...{ rollup, hash: 'h', expectedGeneration: 0, sources: ['calls'], edges: 'e', policy: '{}', startAt: 0 },
  }))
  const { replies } = await windowsOf(store).define({ rollups })
  return new Map(ROLLUPS.map((rollup, n) => [rollup, replies[n]?.generation ?? 0]))
}

/** Rows and their marks in one transaction, which stays open for a while and may end in three ways. */
export async function write(store: PgStore<PoolClient>, pool: Pool, turn: number): Promise<void> {
  const client = await pool.connect()
  const touched = [turn % WINDOWS, (turn * 5) % WINDOWS]
  await client.query('begin')
  for (const n of touched) await client.query('insert into calls values ($1, 1)', [n * STEP + (turn % STEP)])
  const marks = touched.map((n) => ({
    source: 'calls',
    from: n * STEP + (turn % STEP),
    to: n * STEP + (turn % STEP) + 1,
    kind: 'added' as const,
  }))
  await windowsOf(store).mark({ marks, tx: client })
  await sleep((turn * 7) % 30)
  if (turn % 11 === 0) return client.release(true)
  await client.query(turn % 7 === 0 ? 'rollback' : 'commit')
  client.release()
}

/** Collects and digests once; gives how many marks it found. `limit` is small, so that drains meet. */
export async function drainOnce(windows: WindowStore, limit: number): Promise<number> {
  const { sources } = await windows.collect({ limit })
  const drains = sources.map(({ source, token, marks, rollups }) => ({
    ...{ source, token, parked: [], narrowed: [], sealed: [], enqueue: [] },
    groups: marks.map(({ id, from, markedAt }) => {
      const start = Math.floor(from / STEP) * STEP
      return { marks: [id], markedAt, removed: false, windows: rollups.map(({ rollup }) => ({ rollup, start, end: start + STEP })) }
    }),
  }))
  if (drains.length > 0) await windows.drain({ drains })
  return drains.flatMap(({ groups }) => groups).length
}

/** A run that is running, of an owner of its own. */
export interface Worker {
  readonly owner: string
  readonly runId: string
  readonly fence: number
}

export async function startWorker(store: PgStore<PoolClient>, owner: string): Promise<Worker> {
  const leaseMs = LEASE_MS
  await store.runs.renew({ owner, leaseMs, jobs: [{ job: owner, hash: 'h' }], started: [], progress: [] })
  const request = enqueueRequest(owner)
  await store.runs.enqueue({ requests: [request] })
  const { runs } = await store.runs.claim({ owner, leaseMs, limit: 1, start: 1, seenFence: 0 })
  const record = runs[0]?.record
  if (record === undefined) throw new Error(`${owner} got no run.`)
  return { owner, runId: record.id, fence: record.fence }
}

/** Lets its lease run out, as that of a process that froze. */
export async function expire(store: PgStore<PoolClient>, { owner }: Worker): Promise<void> {
  await store.runs.renew({ owner, leaseMs: 1, started: [], progress: [] })
  await sleep(20)
}

/** What a refresh is about. */
export interface RefreshWork {
  readonly rollup: string
  readonly generation: number
  readonly most: number
}

/** Claims dirty windows; the commit to be made of them, or null for none. */
export async function claimDirty(
  store: PgStore<PoolClient>,
  { runId, fence }: Worker,
  { rollup, generation, most }: RefreshWork,
): Promise<WindowCommit | null> {
  const windows = windowsOf(store)
  const { states } = await windows.state({ rollups: [{ rollup, limit: most }] })
  const bids = (states[0]?.dirty ?? []).map(({ start, end }) => ({ start, end, dueAt: end, when: 'dirty' as const }))
  const { replies } = await windows.claim({ claims: [{ rollup, generation, runId, fence, windows: bids }] })
  const claimed = replies[0]?.windows ?? []
  if (claimed.length === 0) return null
  return { rollup, generation, runId, fence, windows: claimed.map(({ start, seq }) => ({ start, seq })), marks: [] }
}

/** Refreshes what was claimed, with `pause` between its rows and their commit. */
export async function refresh(
  store: PgStore<PoolClient>,
  commit: WindowCommit,
  pause: (client: PoolClient) => Promise<unknown>,
): Promise<WindowCommitReply['status']> {
  const work = async (tx: unknown): Promise<WindowCommit> => {
    const client = tx as PoolClient
    for (const { start } of commit.windows) {
      await client.query(
        `insert into totals select $1, $2::bigint, coalesce(sum(amount), 0) from calls where at >= $2::bigint and at < $2::bigint + ${STEP}
         on conflict (rollup, start) do update set amount = excluded.amount`,
        [commit.rollup, start],
      )
    }
    await pause(client)
    return commit
  }
  const commitWith = windowsOf(store).commitWith
  if (commitWith === undefined) throw new Error('The store has no commitWith.')
  return (await commitWith({ work })).reply.status
}

/** Windows whose totals are not those of their rows. */
export async function wrongTotals(pool: Pool): Promise<readonly unknown[]> {
  const { rows } = await pool.query(`
    select r.rollup, c.start, c.amount::text, t.amount::text as total
    from (select at / ${STEP} * ${STEP} as start, sum(amount) as amount from calls group by 1) c
    cross join unnest(array['${ROLLUPS.join("','")}']) r(rollup)
    left join totals t on t.rollup = r.rollup and t.start = c.start
    where t.amount is distinct from c.amount`)
  return rows
}
