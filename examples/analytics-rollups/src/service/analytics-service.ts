/** The service: its database, its rollups on a scheduler, its endpoints on a port. */
import { createServer } from 'node:http'
import { toNodeListener } from '@quarterjack/adapter-http'
import { createScheduler, type Scheduler } from '@quarterjack/core'
import { watchAlerts } from '../alerts/watch-alerts.ts'
import type { Config } from '../config.ts'
import { type Database, openDatabase } from '../db/open-database.ts'
import { createEndpoints } from '../http/endpoints.ts'
import { type Listening, listen } from '../listen.ts'
import { createLineLog, type LineLog, STARTED, STOPPED, STOPPING, toSchedulerLogger } from '../observe/log-lines.ts'
import { reportRollups } from '../observe/report-rollups.ts'
import { type AnalyticsRollups, defineRollups } from '../rollups/define-rollups.ts'
import { type CalculationLog, createCalculationLog } from './calculation-log.ts'
import { prepareData } from './prepare-data.ts'

/** What tests put in the place of the real thing. */
export interface ServiceOptions {
  /** Default: opened, and closed at the end. */
  readonly db?: Database
  readonly now?: () => number
  /** Default: standard output. */
  readonly write?: (line: string) => void
}

export interface AnalyticsService {
  readonly scheduler: Scheduler
  readonly rollups: AnalyticsRollups
  readonly db: Database
  readonly calculations: CalculationLog
  /** Listens, and answers 503 about rollups; `start` goes on from there. Resolves with the address. */
  listen(): Promise<string>
  /** Listens if it does not yet, prepares the tables, starts the scheduler. Resolves with the address. */
  start(): Promise<string>
  /** Writes what is waiting, lets running rollups finish for up to 30 s, closes everything. Marks that wait for their debounce stay in the database. */
  stop(): Promise<void>
}

export interface Core {
  readonly scheduler: Scheduler
  readonly rollups: AnalyticsRollups
  readonly log: LineLog
}

/** The rollups on a scheduler, without endpoints: what the command line needs of the service. */
export function createCore(config: Config, db: Database, { now = Date.now, write = console.log }: ServiceOptions = {}): Core {
  const log = createLineLog({ write, now, isVerbose: config.isVerbose })
  const rollups = defineRollups({ config, db, log, now })
  const { calculations, hourly, daily, models, view } = rollups
  const watch = watchAlerts({ scheduler: () => scheduler, log, everySeconds: config.alertSeconds })
  const jobs = [calculations, hourly, daily, models, view, watch]
  const scheduler: Scheduler = createScheduler({ store: db.store, jobs, logger: toSchedulerLogger(log) })
  reportRollups(scheduler, calculations, log)
  return { scheduler, rollups, log }
}

export async function createAnalyticsService(config: Config, options: ServiceOptions = {}): Promise<AnalyticsService> {
  const { now = Date.now } = options
  const db = options.db ?? (await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir }))
  const { scheduler, rollups, log } = createCore(config, db, options)
  const calculations = createCalculationLog({ db, log, debounceSeconds: config.debounceSeconds })
  let isInitialised = false
  const endpoints = createEndpoints({ scheduler, rollups, db, config, log, now, isInitialised: () => isInitialised })
  let server: Listening | null = null

  const startListening = async (): Promise<string> => {
    server ??= await listen(createServer(toNodeListener(endpoints)), config)
    return server.url
  }
  return {
    scheduler,
    rollups,
    db,
    calculations,
    listen: startListening,
    async start() {
      const url = await startListening()
      await prepareData(db, rollups, { generateDays: config.generateDays, now: now() })
      await scheduler.start()
      isInitialised = true
      log.info(STARTED, { interval_hours: config.intervalHours, debounce_seconds: config.debounceSeconds })
      log.print(`Rollup scheduler initialized (interval: ${config.intervalHours} hours)`)
      return url
    },
    async stop() {
      log.info(STOPPING)
      await server?.close()
      await calculations.flush()
      isInitialised = false
      await scheduler.stop({ grace: '30s' })
      if (options.db === undefined) await db.close()
      log.info(STOPPED)
    },
  }
}
