/** A store in a real database, real processes that share it, and the record of what they did. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createSite } from '@quarterjack/fault-kit/create-site'
import type { Site, WorkerOptions } from '@quarterjack/fault-kit/site'
import { startWorker } from '@quarterjack/fault-kit/start-worker'
import type { JobPlan } from '@quarterjack/fault-kit/worker-plan'
import { Pool } from 'pg'
import { pgStore } from '../../src/index.ts'
import type { PostgresServer } from '../servers/postgres.ts'
import { openEffects } from './effects.ts'
import { openLine } from './line.ts'
import { lookBy, type Query } from './look.ts'
import type { PgWorkerPlan } from './worker-plan.ts'

const PROGRAM = new URL('./worker.ts', import.meta.url).pathname

/** What is special to one worker. */
export interface PgWorkerOptions extends WorkerOptions {
  /** Modules that it loads before everything else. */
  readonly preload?: readonly string[]
}

/** Everything of one test. */
export interface PgSite extends Site<PgWorkerOptions> {
  /** Of the store's database, directly. */
  readonly url: string
  /** Asks the store's database. */
  readonly query: Query
}

/** A fresh database, and `jobs` for whoever is started. */
export async function createPgSite(
  server: PostgresServer,
  jobs: readonly JobPlan[],
  { tablespace }: { tablespace?: string } = {},
): Promise<PgSite> {
  const [database, record] = await Promise.all([server.createDatabase(), server.createDatabase()])
  const effects = openEffects(record.url)
  await effects.create()
  const own = new Pool({ connectionString: server.url, max: 1, options: '-c default_transaction_read_only=off' })
  own.on('error', () => undefined)
  if (tablespace !== undefined) await own.query(`alter database ${new URL(database.url).pathname.slice(1)} set tablespace ${tablespace}`)
  const pool = new Pool({ connectionString: database.url, max: 4, options: '-c default_transaction_read_only=off' })
  pool.on('error', () => undefined)
  const query: Query = async <Row>(text: string, values: readonly unknown[] = []) => (await pool.query(text, [...values])).rows as Row[]
  const logged = (await server.log()).length

  const site = createSite<PgWorkerOptions>({
    store: pgStore({ pool }),
    effects,
    look: lookBy(query),
    jobs,
    startWorker(name, { preload = [], ...options }) {
      const plan: PgWorkerPlan = { name, storeUrl: database.url, effectsUrl: record.url, jobs, ...options }
      return startWorker(PROGRAM, plan, preload)
    },
    openLine: () => openLine(database.url),
    async serverErrors() {
      const lines = (await server.log()).slice(logged).split('\n')
      return lines.filter((line) => /\b(?:ERROR|PANIC):/.test(line))
    },
    async close() {
      await Promise.all([pool.end(), effects.close()])
      await sleep(0)
      await own.end()
      await Promise.allSettled([database.drop(), record.drop()])
    },
  })
  return { ...site, url: database.url, query }
}
