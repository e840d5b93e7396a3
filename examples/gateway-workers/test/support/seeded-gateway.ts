/** The jobs of the service on a database in this process, filled anew for each test. */
import { createScheduler, type Job, type Scheduler } from '@quarterjack/core'
import { type Database, openDatabase } from '../../src/db/open-database.ts'
import { type Queries, select } from '../../src/db/queries.ts'
import { TABLES, type Table } from '../../src/db/schema.ts'
import { HOUR_MS } from '../../src/db/time.ts'
import { defineAllJobs } from '../../src/jobs/all-jobs.ts'
import { createHistorySource } from '../../src/orchestration/history-source.ts'
import type { RepositorySource } from '../../src/orchestration/repository.ts'
import { poll } from './poll.ts'
import { readSeed, SEED_TODAY, seedDatabase } from '../../src/seed/seed-database.ts'

/** A Monday, eight in the morning. */
export const NOW: number = SEED_TODAY + 8 * HOUR_MS

export interface SeededGateway {
  readonly db: Database
  readonly scheduler: Scheduler
  /** What the workers take for now. */
  now: number
  /** What the agents read; put another one in its place. */
  source: RepositorySource
  job(name: string): Job<unknown, unknown>
  /** Triggers the job and waits for its result. */
  run(name: string, payload?: unknown): Promise<unknown>
  /** Back to the file. */
  reset(): Promise<void>
  close(): Promise<void>
}

const lines = await readSeed()
const SEEDED = TABLES.filter((table) => lines.some((line) => line.table === table))
const shipped = await createHistorySource(0)

export async function createSeededGateway(): Promise<SeededGateway> {
  const db = await openDatabase()
  await db.transaction(async (tx) => {
    await seedDatabase(tx, NOW, lines)
    await tx.query('create schema fresh')
    for (const table of SEEDED) await tx.query(`create table fresh.${table} as table gateway.${table}`)
  })
  const { jobs } = defineAllJobs({
    db,
    transact: (ctx, work) => db.store.commitWith(ctx, work),
    isScheduled: false,
    now: () => gateway.now,
    scheduler: () => scheduler,
    source: { read: (...request) => gateway.source.read(...request) },
  })
  const scheduler: Scheduler = createScheduler({ store: db.store, jobs, logger: false })
  await scheduler.start()
  const gateway: SeededGateway = {
    db,
    scheduler,
    now: NOW,
    source: shipped,
    job(name) {
      const job = jobs.find((one) => one.name === name)
      if (job === undefined) throw new Error(`there is no job ${name}`)
      return job as Job<unknown, unknown>
    },
    run: async (name, payload) => (await scheduler.trigger(gateway.job(name), payload)).finished({ timeout: '20s' }),
    async reset() {
      gateway.now = NOW
      gateway.source = shipped
      await db.transaction(async (tx) => {
        await tx.query(`truncate ${TABLES.map((table) => `gateway.${table}`).join(', ')}`)
        for (const table of SEEDED) await tx.query(`insert into gateway.${table} select * from fresh.${table}`)
      })
    },
    async close() {
      await scheduler.stop()
      await db.close()
    },
  }
  return gateway
}

/** Rows of the shipped file. Its instants and days are as they were seeded. */
export function shippedRows<Row>(table: Table): readonly Row[] {
  return lines.filter((line) => line.table === table).map(({ row }) => row as Row)
}

/** Everything in the service's tables, in an order of its own. */
export async function dump(db: Queries): Promise<Readonly<Record<string, readonly string[]>>> {
  const tables: Record<string, readonly string[]> = {}
  for (const table of TABLES) {
    const rows = await select<{ text: string }>(db, `select t::text as text from gateway.${table} t order by 1`)
    tables[table] = rows.map(({ text }) => text)
  }
  return tables
}

/** Waits until no agent has anything left to do. */
export async function agentsAtRest({ scheduler }: SeededGateway): Promise<void> {
  await poll('agents at rest', async () => {
    const open = await scheduler.runs.find({ job: 'orchestration-agent', state: ['pending', 'waiting', 'running'] })
    return open.length === 0
  })
}
