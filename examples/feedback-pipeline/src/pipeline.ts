/** The service: its database, its jobs on a scheduler, its API on a port, and the stand-in for Reddit. */
import { createServer } from 'node:http'
import { collectMetrics, toNodeListener } from '@quarterjack/adapter-http'
import { consoleLogger, createScheduler, type Logger, type Scheduler } from '@quarterjack/core'
import { traceAround, instrument } from '@quarterjack/core/otel'
import { Registry } from 'prom-client'
import { type ClusterDeps, defineClusterJob } from './clusters/cluster-job.ts'
import type { Config } from './config.ts'
import { type Database, openDatabase } from './db/open-database.ts'
import { createMetrics } from './follow/metrics.ts'
import { createTracer } from './follow/tracing.ts'
import { type Agent, processAgent } from './fixes/agent.ts'
import { defineFixJob } from './fixes/fix-job.ts'
import { defineSettleJob, watchDeaths } from './fixes/settle-fixes.ts'
import { createApi } from './http/api.ts'
import { createRoles } from './http/auth.ts'
import { createRateLimit } from './ingest/rate-limit.ts'
import { type Listening, listen } from './listen.ts'
import { definePollJob } from './reddit/poll-job.ts'
import { servePosts } from './reddit/serve-posts.ts'

/** What tests put in the place of the real thing. */
export interface PipelineOptions {
  readonly agent?: Agent
  readonly embed?: ClusterDeps['embed']
  readonly logger?: Logger
  readonly now?: () => number
  /** Before the first retry of a fix. */
  readonly retryMs?: number
}

export interface Pipeline {
  readonly scheduler: Scheduler
  readonly db: Database
  /** Listens, then starts the scheduler. Resolves with the address. */
  start(): Promise<string>
  /** Lets running handlers finish for up to 20 s, then closes everything. */
  stop(): Promise<void>
}

/** Opens the database, creates the tables that are missing, and puts the parts together. */
export async function createPipeline(config: Config, options: PipelineOptions = {}): Promise<Pipeline> {
  const { now = Date.now, agent = processAgent, retryMs } = options
  const logger = options.logger ?? consoleLogger({ format: 'json', level: 'info', write: (line) => console.log(line) })
  const db = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir })
  const tracer = createTracer(logger)
  const registry = new Registry()
  const metrics = createMetrics(registry)
  const stopping = new AbortController()
  const listening: { api: Listening | null; reddit: Listening | null } = { api: null, reddit: null }

  const deps = { db, metrics, now }
  const clusterJob = defineClusterJob({ ...deps, threshold: config.clusterThreshold, waitMs: config.clusterWaitMs, embed: options.embed })
  const { agentRepository: repository, agentStepMs: stepMs, agentPerHour: perHour } = config
  const fixJob = defineFixJob({ ...deps, agent, repository, stepMs, perHour, retryMs })
  const settle = { ...deps, scheduler: (): Scheduler => scheduler }
  const pollJob = definePollJob({
    redditUrl: () => config.redditUrl ?? listening.reddit?.url ?? '',
    apiUrl: () => listening.api?.url ?? '',
    subreddit: config.subreddit,
    ingestToken: config.tokens.ingest[0] ?? '',
    everyMs: config.pollEveryMs,
  })
  const around = traceAround({ tracer })
  const scheduler: Scheduler = createScheduler({
    store: db.store,
    jobs: [clusterJob, fixJob, pollJob, defineSettleJob(settle)],
    logger,
    around,
  })
  const undoTraces = instrument(scheduler, { around })
  const unwatch = watchDeaths(settle)
  const prometheus = await collectMetrics(scheduler, { registry })

  const api = createApi({
    ...deps,
    scheduler,
    clusterJob,
    fixJob,
    logger,
    tracer,
    prometheus,
    rolesOf: createRoles(config.tokens),
    sentrySecret: config.sentrySecret,
    limit: createRateLimit({ capacity: config.ingestPerMinute, perMs: 60_000 }, now),
    onIngested: (ingested, about) => {
      for (const { id, externalId, outcome } of ingested) logger.info({ ...about, feedbackId: id, externalId, outcome }, 'ingested')
    },
    stopping: stopping.signal,
  })

  return {
    scheduler,
    db,
    async start() {
      if (config.redditUrl === undefined) listening.reddit = await servePosts(now)
      listening.api = await listen(createServer(toNodeListener(api)), config)
      await scheduler.start()
      return listening.api.url
    },
    async stop() {
      stopping.abort()
      await listening.api?.close()
      await scheduler.stop({ grace: '20s' })
      await listening.reddit?.close()
      unwatch()
      undoTraces()
      prometheus.stop()
      await db.close()
    },
  }
}
