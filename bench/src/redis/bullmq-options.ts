/** How BullMQ is set up wherever it takes part: its fastest way that is fair. */
import type { ConnectionOptions, DefaultJobOptions } from 'bullmq'
import { versionOf } from '../versions.ts'

/** Each queue and worker opens connections of its own from this, through ioredis. */
export function bullmqConnection(url: string): ConnectionOptions {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null }
}

/** Nothing of what is over: less than we keep, and its fastest way. */
export const KEEP_NOTHING: DefaultJobOptions = { removeOnComplete: true, removeOnFail: true }

/** Of each worker; it is woken all the same, and asks less often (default: every 5 s). */
export const BULLMQ_WORKER = { concurrency: 100, drainDelay: 30 } as const

export function bullmqSetUp(): string {
  return `concurrency ${BULLMQ_WORKER.concurrency}, drainDelay ${BULLMQ_WORKER.drainDelay} s, ioredis ${versionOf('ioredis')}, removeOnComplete and removeOnFail (keeps no history), no QueueEvents, no metrics, no telemetry`
}
