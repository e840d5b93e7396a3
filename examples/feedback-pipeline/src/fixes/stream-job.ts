/** A job as server-sent events: every line of progress, and the job itself whenever its status changes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queries } from '../db/queries.ts'
import { findJob, type JobView, listEvents } from './read-jobs.ts'

export interface StreamOptions {
  readonly db: Queries
  readonly id: string
  /** Of the last event that the client has, from `Last-Event-ID`. */
  readonly after: number
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
}

/** Looks into the table rather than listens: whichever replica runs the agent, each can stream it. */
const LOOK_MS = 200
/** Proxies cut what is silent for long. */
const KEEP_ALIVE_LOOKS = 50

/** Ends when the job has ended, or after ten minutes: the client comes back by itself, and goes on where it was. */
export async function* streamJob({ db, id, after, signal }: StreamOptions): AsyncGenerator<string> {
  const until = performance.now() + 600_000
  let status: string | null = null
  for (let looks = 0, last = after; performance.now() < until; looks++) {
    // The job first: what it says has ended has all its lines in the table.
    const job = await findJob(db, id)
    for (const event of await listEvents(db, id, last)) {
      last = event.seq
      yield `id: ${event.seq}\nevent: progress\ndata: ${JSON.stringify(event)}\n\n`
    }
    if (job === null || signal.aborted) return
    if (job.status !== status) yield `event: job\ndata: ${JSON.stringify(job)}\n\n`
    if (hasEnded(job)) return
    status = job.status
    if (looks % KEEP_ALIVE_LOOKS === KEEP_ALIVE_LOOKS - 1) yield ': still here\n\n'
    if (await sleep(LOOK_MS, false, { signal }).catch(() => true)) return
  }
}

function hasEnded({ status }: JobView): boolean {
  return status === 'succeeded' || status === 'failed'
}
