/** One process with many rollups: `measure.ts <rollups> <windows of each> <url>`. */
import { pgStore } from '@quarterjack/adapter-pg'
import { createScheduler, defineRollup, type Rollup } from '@quarterjack/core'
import type { RollupState, WindowStore } from '@quarterjack/core/store'
import { Pool } from 'pg'
// shape-allow package-wall: what a run does between two calls of the store is measured by itself.
import { planRefresh } from '../../../packages/core/src/rollup/plan-refresh.ts'
// shape-allow package-wall: the rollups are there before the process that is measured.
import { definitionOf } from '../../../packages/core/src/rollup/stored-rollup.ts'
import { median } from '../figure.ts'
import { machineMs } from '../replica.ts'

if (typeof gc !== 'function') throw new Error('run with --expose-gc')
const collect = gc
const [rollupsText = '0', windowsText = '0', url = ''] = process.argv.slice(2)
const [count, windowsOfEach] = [Number(rollupsText), Number(windowsText)]

const HOUR_MS = 3_600_000
const SOURCES = 20
/** Definitions of one call. */
const LOT = 100
/** What one run asks for at a time. */
const LOOK = 1_000
const edge = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
const startAt = edge - (windowsOfEach + 10) * HOUR_MS

const pool = new Pool({ connectionString: url, max: 6 })
const rollups = Array.from({ length: count }, (_, n) =>
  defineRollup({
    ...{ name: `r${n}`, grain: 'hour', start: new Date(startAt), source: `s${n % SOURCES}`, capture: 'complete' },
    refresh: () => undefined,
  }),
)
const store = pgStore({ pool, hints: false })
await store.open()
const windows = store.windows as WindowStore
await fill()

const heap = (): number => {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
const heapBefore = heap()
const scheduler = createScheduler({ store: pgStore({ pool }), jobs: rollups, logger: false })
const begunAt = machineMs()
await scheduler.start()
const startMs = machineMs() - begunAt
const heapBytesPerRollup = (heap() - heapBefore) / count

const askedAt = machineMs()
const health = await scheduler.health()
const healthMs = machineMs() - askedAt
if (health.rollups.length !== count) throw new Error(`health tells of ${health.rollups.length} rollups`)
await scheduler.stop()
await pool.query('update quarterjack.windows set error = null, retry_at = null')
await pool.query('vacuum analyze quarterjack.windows')

const samples = { lookMs: [] as number[], planUs: [] as number[] }
const lookedAt = machineMs()
for (const rollup of rollups) {
  const from = machineMs()
  const { states, storeNow } = await windows.state({ rollups: [{ rollup: rollup.name, limit: LOOK }] })
  const looked = machineMs()
  const state = states[0] as RollupState
  if (state.dirty.length !== Math.min(LOOK, windowsOfEach)) throw new Error(`${rollup.name} has ${state.dirty.length} dirty windows`)
  plan(rollup, state, storeNow)
  samples.lookMs.push(looked - from)
  samples.planUs.push(1_000 * (machineMs() - looked))
}
const allMs = machineMs() - lookedAt
const { rows } = await pool.query<{ bytes: string }>(`select pg_total_relation_size('quarterjack.windows')::text as bytes`)
const middle = (values: readonly number[]): number => median(values.toSorted((a, b) => a - b))
console.log(
  JSON.stringify({
    ...{ startMs, heapBytesPerRollup, lookMs: middle(samples.lookMs), planUs: middle(samples.planUs), allMs, healthMs },
    bytesPerWindow: Number(rows[0]?.bytes) / (count * windowsOfEach),
  }),
)
process.exit(0)

/** As a run does that finds all of them dirty. */
function plan({ policy }: Rollup, state: RollupState, now: number): void {
  const { bids } = planRefresh({
    ...{ rollup: policy, state, now, runId: 'r', children: [], isSweep: false, looksBack: false },
    ...{ taken: new Set<number>(), drainedAt: null, page: null, most: 2 * policy.batch.most },
  })
  if (bids.length !== Math.min(windowsOfEach, LOOK, 2 * policy.batch.most)) throw new Error(`${bids.length} windows are planned`)
}

/** As the store would have left them: every window failed, and is to be tried again much later, so that nothing is to be done at first. */
async function fill(): Promise<void> {
  for (let from = 0; from < count; from += LOT) {
    await windows.define({ rollups: rollups.slice(from, from + LOT).map((rollup) => definitionOf(rollup, 0)) })
  }
  await pool.query('truncate quarterjack.marks')
  await pool.query('update quarterjack.rollups set watermark = $1', [edge])
  await pool.query(
    `insert into quarterjack.windows (rollup_id, start_at, end_at, seq, dirty_since, attempts, error, retry_at, complete, refreshed_at)
     select u.id, $1::bigint + n * ${HOUR_MS}::bigint, $1::bigint + (n + 1) * ${HOUR_MS}::bigint, 1, $1::bigint + n, 1, '{"name":"Error","message":"no"}', 9000000000000000, true, 1
     from quarterjack.rollups u cross join generate_series(1, ${windowsOfEach}) n`,
    [startAt],
  )
  await pool.query('vacuum analyze quarterjack.windows')
}
