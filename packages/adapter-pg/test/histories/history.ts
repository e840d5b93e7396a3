/** One random history: writers, workers that are stopped in the midst of their work, backfills; then everything settles. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, QuarterjackError, type Rollup, type Scheduler } from '@quarterjack/core'
import { Pool } from 'pg'

import { captureChanges, pgStore, targetSql } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { type Audit, installAudit, readAudit } from './audit.ts'
import { type Deeds, gatherCrew } from './crew.ts'
import type { Policies } from './judge.ts'
import { chooseSettings, COARSE_MS, defineBoth, FINE_MS, GRACE_MS, policiesOf, REACH, TARGETS } from './rollups.ts'
import { forkWorker, lineWorker } from './workers.ts'
import { type Chance, chanceOf, openWriters, WRITERS } from './writers.ts'

const STEPS = 180
/** One history in so many has workers with processes of their own. */
const PROCESSES_EVERY = 4
/** Leases run out, and what waits for a child is looked at again. */
const PATIENCE_MS = 60_000

export interface Lived {
  readonly differences: readonly unknown[]
  readonly audit: Audit
  readonly policies: Policies
  readonly beganIn: ReadonlySet<string>
  readonly deeds: Deeds & { backfills: number }
}

export async function live(database: Database, seed: number): Promise<Lived> {
  const random = chanceOf(seed)
  const pool = new Pool({ ...database.poolSettings, max: WRITERS + 6 })
  pool.on('error', () => undefined)
  await prepare(pool)
  const settings = chooseSettings(random)
  const rollups = defineBoth(settings, random)
  const start = seed % PROCESSES_EVERY === 1 ? forkWorker : lineWorker
  let napSeed = 1_000 * seed
  const crew = gatherCrew(pool, (name) => start({ name, url: database.url, settings, napSeed: napSeed++ }))
  const deeds = Object.assign(crew.deeds, { backfills: 0 })
  try {
    for (let worker = 0; worker < 2 + random(2); worker++) await crew.hire()
    const beganIn = await markedBefore(pool)
    const asks = createScheduler({ store: pgStore({ pool, hints: false }), jobs: [...rollups], logger: false })
    const writers = await openWriters(pool, random, REACH)
    try {
      for (let step = 0; step < STEPS; step++) {
        await writers.step()
        if (random(30) === 0) await crew.harm(random)
        if (random(25) === 0) deeds.backfills += await backfill(asks, rollups[random(2)] as Rollup, random)
      }
    } finally {
      await writers.close()
    }
    await crew.rest()
    await settle(pool)
    return { differences: await differences(pool), audit: await readAudit(pool), policies: policiesOf(settings), beganIn, deeds }
  } finally {
    await crew.dismiss()
    await pool.end()
  }
}

async function prepare(pool: Pool): Promise<void> {
  await pool.query(`create table calls (id bigint, at timestamptz, tenant text, ms int);
    create index on calls (at); create index on calls (id)`)
  const store = pgStore({ pool, hints: false })
  await store.open()
  await store.close()
  await captureChanges({ pool }, { source: 'calls', time: 'at', grain: '1s' })
  for (const target of TARGETS) await pool.query(await targetSql({ pool }, target))
  await installAudit(pool, [
    { table: 'calls', column: 'at', grainMs: FINE_MS },
    { table: 'fine', column: 'window_start', grainMs: FINE_MS },
    { table: 'coarse', column: 'window_start', grainMs: COARSE_MS },
  ])
}

/** Transactions that marked while nothing had been written yet: those of the definitions. */
async function markedBefore(pool: Pool): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query(
    `select distinct m.xid from audit_marks m where m.op = 'in' and not exists (select from audit_refreshes r where r.xid = m.xid)`,
  )
  return new Set(rows.map(({ xid }) => xid))
}

/** Asks for one; and now and then pauses, resumes or cancels it. */
async function backfill(client: Scheduler, rollup: Rollup, random: Chance): Promise<number> {
  const order = random(2) === 0 ? 'newest' : 'oldest'
  const select = (['all', 'all', 'dirty', 'missing'] as const)[random(4)] as 'all' | 'dirty' | 'missing'
  const options = { last: `${4 + random(20)}s`, order, select, concurrency: 1 + random(3) } as const
  const fate = random(4)
  const handle = await client.backfill(rollup, options).catch((error: unknown) => {
    if (QuarterjackError.isInstance(error, 'BackfillOverlaps')) return null
    throw error
  })
  if (handle === null) return 0
  if (fate === 0) await handle.cancel('by chance')
  if (fate === 1) {
    await handle.pause('for a moment')
    await handle.resume()
  }
  return 1
}

/** Nobody writes any more, all that was written is due, and nothing is left to do. */
async function settle(pool: Pool): Promise<void> {
  const waiting = async (): Promise<string | null> => {
    const { rows } = await pool.query(`select
      (select count(*)::int from quarterjack.marks) as marks,
      (select count(*)::int from quarterjack.windows where dirty_since is not null or run_id is not null or backfill_id is not null) as windows,
      (select count(*)::int from quarterjack.backfills where finished_at is null) as backfills,
      (select count(*)::int from calls where floor(extract(epoch from at) * 1000 / ${COARSE_MS}) * ${COARSE_MS} + ${COARSE_MS + GRACE_MS} >= extract(epoch from now()) * 1000) as ahead`)
    return Object.values(rows[0]).every((left) => left === 0) ? null : JSON.stringify(rows[0])
  }
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const left = await waiting()
    if (left === null && (await differences(pool)).length === 0) return
    if (performance.now() > deadline) throw new Error(`It does not settle: ${left ?? JSON.stringify(await differences(pool))}`)
    await sleep(100)
  }
}

/** Rows of the targets that differ from a recomputation, in either direction. */
async function differences(pool: Pool): Promise<readonly unknown[]> {
  const measured = 'count(*) as calls, count(*) filter (where ms > 500) as slow, sum(ms) as ms, max(ms) as slowest'
  const columns = 'window_start, calls, slow, ms, slowest'
  const binned = (ms: number, more = ''): string =>
    `select to_timestamp(floor(extract(epoch from at) * 1000 / ${ms}) * ${ms} / 1000.0) as window_start${more}, ${measured} from calls group by 1${more === '' ? '' : ', 2'}`
  const compare = (
    truth: string,
    held: string,
  ): string => `(select 'missing' as what, * from (${truth}) t except select 'missing', * from (${held}) h)
    union all (select 'wrong', * from (${held}) h except select 'wrong', * from (${truth}) t) limit 5`
  const fine = await pool.query(compare(binned(FINE_MS, ', tenant'), `select window_start, tenant, calls, slow, ms, slowest from fine`))
  const coarse = await pool.query(compare(binned(COARSE_MS), `select ${columns} from coarse`))
  return [...fine.rows, ...coarse.rows]
}
