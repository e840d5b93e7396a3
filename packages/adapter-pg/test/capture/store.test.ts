/** From a trigger to the rows of the target, by way of the store: marks, drains, claims, and refreshes in its transactions. */
import type { ClaimedWindow, WindowCommitReply } from '@quarterjack/core/store'
import { Pool, type PoolClient } from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { captureChanges, count, pgStore, sqlRollup, type PgStore } from '../../src/index.ts'
import { HOUR, START } from '../rollup/refresher.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { expire, startWorker, windowsOf, type Worker } from '../windows/refresh-site.ts'

let server: PostgresAccess
let database: Database
let pool: Pool
let store: PgStore<PoolClient>
let generation: number

const rollup = sqlRollup({ source: 'calls', time: 'at', target: 'calls_hourly', measures: { calls: count() } })

beforeEach(async () => {
  server = await obtainPostgres()
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 6 })
  pool.on('error', () => undefined)
  store = pgStore({ pool, hints: false })
  await store.open()
  await pool.query(`create table calls (at timestamptz); insert into calls values ('2026-01-01 00:10Z'), ('2026-01-01 02:10Z')`)
  const definition = { rollup: 'hourly', hash: 'h', expectedGeneration: 0, sources: ['calls'], edges: 'e', policy: '{}', startAt: START }
  const { replies } = await windowsOf(store).define({ rollups: [definition] })
  generation = replies[0]?.generation ?? 0
  await captureChanges({ pool }, { source: 'calls', time: 'at', grain: 'hour' })
})
afterEach(async () => {
  await store.close()
  await pool.end()
  await database.drop()
  await server.close()
})

/** Digests what was marked, and claims what became dirty. */
async function claim({ runId, fence }: Worker): Promise<readonly (ClaimedWindow & { readonly end: number })[]> {
  const windows = windowsOf(store)
  const { sources } = await windows.collect({ limit: 100 })
  const drains = sources.map(({ source, token, marks }) => ({
    ...{ source, token, parked: [], narrowed: [], sealed: [], enqueue: [] },
    groups: marks.map(({ id, from, to, kind, markedAt }) => {
      const first = Math.floor(from / HOUR) * HOUR
      const starts = Array.from({ length: Math.ceil((to - first) / HOUR) }, (_, n) => first + n * HOUR)
      const dirty = starts.map((start) => ({ rollup: 'hourly', start, end: start + HOUR }))
      return { marks: [id], markedAt, removed: kind !== 'added', windows: dirty }
    }),
  }))
  await windows.drain({ drains })
  const { states } = await windows.state({ rollups: [{ rollup: 'hourly', limit: 100 }] })
  const bids = (states[0]?.dirty ?? []).map(({ start, end }) => ({ start, end, dueAt: end, when: 'dirty' as const }))
  const { replies } = await windows.claim({ claims: [{ rollup: 'hourly', generation, runId, fence, windows: bids }] })
  return (replies[0]?.windows ?? []).map((window) => ({ ...window, end: window.start + HOUR }))
}

async function refresh(
  { runId, fence }: Worker,
  claimed: readonly (ClaimedWindow & { readonly end: number })[],
): Promise<{ readonly status: WindowCommitReply['status'] | undefined; readonly changed: number | undefined }> {
  let status: WindowCommitReply['status'] | undefined
  let changed: number | undefined
  const windows = claimed.map(({ start, end, removed }) => ({ start: new Date(start), end: new Date(end), removed }))
  const request = { windows, from: new Date(START), to: new Date(START + 24 * HOUR) }
  await rollup(request, {
    signal: new AbortController().signal,
    commitWith: async (work) => {
      const reply = await windowsOf(store).commitWith?.({
        work: async (tx) => {
          const result = await work(tx)
          changed = result?.changed?.length
          const done = claimed.map(({ start, seq }) => ({ start, seq }))
          return { rollup: 'hourly', generation, runId, fence, windows: done, marks: [] }
        },
      })
      status = reply?.reply.status
    },
  })
  return { status, changed }
}

async function target(): Promise<readonly string[]> {
  const { rows } = await pool.query('select * from calls_hourly order by 1')
  return rows.map(({ window_start: at, calls }) => `${(at.getTime() - START) / HOUR} ${calls}`)
}

it('fills the target with what the table held, and follows its changes', async () => {
  const worker = await startWorker(store, 'a')
  expect(await refresh(worker, await claim(worker))).toEqual({ status: 'committed', changed: 2 })
  expect(await target()).toEqual(['0 1', '2 1'])

  await pool.query(
    `update calls set at = '2026-01-01 05:10Z' where at = '2026-01-01 00:10Z'; insert into calls values ('2026-01-01 02:20Z')`,
  )
  expect(await refresh(worker, await claim(worker))).toEqual({ status: 'committed', changed: 3 })
  expect(await target()).toEqual(['2 2', '5 1'])
  expect(await claim(worker)).toEqual([])

  await pool.query('truncate calls')
  await pool.query(`update quarterjack.marks set from_at = ${START}, to_at = ${START + 6 * HOUR}`)
  expect(await refresh(worker, await claim(worker))).toEqual({ status: 'committed', changed: 2 })
  expect(await target()).toEqual([])
})

it('takes back the rows of an owner that lost its windows meanwhile', async () => {
  const [first, second] = [await startWorker(store, 'a'), await startWorker(store, 'b')]
  await refresh(first, await claim(first))
  await pool.query(`insert into calls values ('2026-01-01 02:20Z')`)
  const claimed = await claim(first)
  await expire(store, first)
  // Finds out, and then finds the window free.
  await claim(second)
  const takenOver = await claim(second)
  expect(takenOver).toHaveLength(1)
  expect(await refresh(first, claimed)).toMatchObject({ status: 'stale' })
  expect(await target()).toEqual(['0 1', '2 1'])
  expect(await refresh(second, takenOver)).toEqual({ status: 'committed', changed: 1 })
  expect(await target()).toEqual(['0 1', '2 2'])
})
