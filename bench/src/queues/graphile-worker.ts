/** graphile-worker. Finished jobs are deleted; it keeps no history. */
import { Logger, makeWorkerUtils, type Runner, run, type WorkerUtils } from 'graphile-worker'
import { Pool } from 'pg'
import type { Payload, QueuePeer, Tuning } from './queue-peer.ts'

const SETTINGS = {
  throughput: {
    concurrentJobs: 24,
    maxPoolSize: 25,
    localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
  latency: { concurrentJobs: 24, maxPoolSize: 25 },
} as const

const BULK = 10_000
const silent = new Logger(() => () => undefined)

export function graphileWorker(url: string, tuning: Tuning): QueuePeer {
  const pool = new Pool({ connectionString: url })
  // It warns of pools without these.
  pool.on('error', (error) => console.error(error))
  pool.on('connect', (client) => client.on('error', (error) => console.error(error)))
  let utils: WorkerUtils | null = null
  let runner: Runner | null = null
  const client = (): WorkerUtils => {
    if (utils === null) throw new Error('open() it first')
    return utils
  }
  return {
    async open() {
      utils = await makeWorkerUtils({ pgPool: pool, logger: silent })
      await utils.migrate()
    },
    async add(n) {
      await client().addJob('noop', { n })
    },
    async addMany(count) {
      for (let from = 0; from < count; from += BULK) {
        const length = Math.min(BULK, count - from)
        await client().addJobs(Array.from({ length }, (_, index) => ({ identifier: 'noop', payload: { n: from + index } })))
      }
    },
    async work(onStart) {
      runner = await run({
        noHandleSignals: true,
        taskList: { noop: (payload) => onStart((payload as Payload).n) },
        preset: { worker: { connectionString: url, logger: silent, ...SETTINGS[tuning] } },
      })
    },
    async isDrained() {
      return (await pool.query('select 1 from graphile_worker._private_jobs limit 1')).rowCount === 0
    },
    async close() {
      await runner?.stop()
      await utils?.release()
      await pool.end()
    },
  }
}
