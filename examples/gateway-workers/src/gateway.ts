/** The service: its database, its jobs on a scheduler, its endpoints on a port. */
import { createServer } from 'node:http'
import { toNodeListener } from '@quarterjack/adapter-http'
import { createScheduler, type Scheduler, type SchedulerOptions } from '@quarterjack/core'
import type { Config } from './config.ts'
import { type Database, openDatabase } from './db/open-database.ts'
import { createReviewApi } from './http/review-api.ts'
import { createWorkerEndpoints } from './http/worker-endpoints.ts'
import { defineAllJobs } from './jobs/all-jobs.ts'
import { type Listening, listen } from './listen.ts'
import { followSettings } from './orchestration/agent-schedules.ts'
import { createHistorySource } from './orchestration/history-source.ts'
import type { RepositorySource } from './orchestration/repository.ts'
import { seedDatabase } from './seed/seed-database.ts'

/** What tests put in the place of the real thing. */
export interface GatewayOptions {
  /** Default: opened, and closed at the end. */
  readonly db?: Database
  readonly source?: RepositorySource
  readonly now?: () => number
  readonly logger?: SchedulerOptions['logger']
}

export interface Gateway {
  readonly scheduler: Scheduler
  readonly db: Database
  /** Starts the scheduler, and then listens. Resolves with the address. */
  start(): Promise<string>
  /** Lets running workers finish for up to 20 s, then closes everything. */
  stop(): Promise<void>
}

/** Opens the database, creates and fills its tables where they are missing, and puts the parts together. */
export async function createGateway(config: Config, options: GatewayOptions = {}): Promise<Gateway> {
  const { now = Date.now, logger = 'text' } = options
  const db = options.db ?? (await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir }))
  const shiftMs = await db.transaction((tx) => seedDatabase(tx, now()))
  const source = options.source ?? (await createHistorySource(shiftMs))
  const { agent, jobs } = defineAllJobs({
    db,
    transact: (ctx, work) => db.store.commitWith(ctx, work),
    isScheduled: config.isScheduled,
    batchSchedule: config.batchSchedule,
    now,
    scheduler: () => scheduler,
    source,
  })
  const scheduler: Scheduler = createScheduler({ store: db.store, jobs, logger })
  const follow = () => (config.isScheduled ? followSettings(db, scheduler, agent) : Promise.resolve())

  const review = createReviewApi({ db, now, adminSecrets: config.adminSecrets, onSettings: follow })
  const workers = createWorkerEndpoints(scheduler, config)
  const serve = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    return /^\/api\/v1\/(suggestions|projects)(\/|$)/.test(pathname) ? review.fetch(request) : workers(request)
  }
  let server: Listening | null = null

  return {
    scheduler,
    db,
    async start() {
      await scheduler.start()
      await follow()
      server = await listen(createServer(toNodeListener(serve)), config)
      return server.url
    },
    async stop() {
      await server?.close()
      await scheduler.stop({ grace: '20s' })
      if (options.db === undefined) await db.close()
    },
  }
}
