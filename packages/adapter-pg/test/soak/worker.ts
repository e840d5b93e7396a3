/** One worker of a soak: a process of its own, that executes, and asks for work of every kind. Started by `start-worker.ts`. */
import { pgStore } from '@quarterjack/adapter-pg'
import { createMutex, createScheduler, type RunContext } from '@quarterjack/core'
import { Pool } from 'pg'
import { createLatencies } from './latencies.ts'
import { startLoad } from './load.ts'
import { soakJobs, type Asked } from './soak-jobs.ts'
import type { ProcessSample, Reply, Tally, Word } from './soak-plan.ts'

const MOST_TROUBLES = 20

const late = createLatencies()
const start = createLatencies()
const succeeded = new Map<string, number>()
const dead = new Map<string, number>()
const troubles: string[] = []
let executions = 0

const pool = new Pool({ connectionString: process.argv[2] ?? '', max: 5 })
const store = pgStore({ pool })
const jobs = soakJobs(heard, Math.random)
const scheduler = createScheduler({ store, jobs: Object.values(jobs), logger: false, concurrency: 50 })

scheduler.on('run.succeeded', ({ job }) => grow(succeeded, job))
scheduler.on('run.dead', ({ job }) => grow(dead, job))
scheduler.on('run.stale', ({ job }) => trouble(`a stale result of ${job}`))
scheduler.on('slots.skipped', ({ job, reason }) => {
  // An overlap is what the policy asks for when a run is still alive.
  if (reason !== 'overlap') trouble(`slots of ${job} skipped: ${reason}`)
})
scheduler.on('store.failed', ({ verb, error }) => trouble(`${verb}: ${error.message}`))

process.on('message', (word: Word) => void answer(word))
// Nobody is left to end it.
process.on('disconnect', () => process.exit(1))
process.on('SIGTERM', () => void stop().then(() => process.exit(0)))

await scheduler.start()
const load = startLoad(scheduler, jobs, createMutex(store, 'soak'))
tell({ kind: 'ready' })

function heard({ trigger, slot, attempt, job, payload }: RunContext<unknown>): void {
  executions++
  if (attempt > 1) return
  const now = Date.now()
  if (slot !== null && trigger === 'schedule') late.add(now - slot.getTime())
  // A debounced one is meant to wait, and the last of a bulk waits for the first.
  else if (job === 'single') start.add(now - (payload as Asked).at)
}

async function answer(word: Word): Promise<void> {
  switch (word) {
    case 'sample':
      return tell({ kind: 'sample', sample: look() })
    case 'ease':
      await load.end()
      return tell({ kind: 'eased' })
    case 'tally':
      return tell({ kind: 'tally', tally: tally() })
  }
}

function look(): ProcessSample {
  // What waits for a collection is no leak.
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  const sample = { rssBytes: rss, heapBytes: heapUsed, lateMs: late.take(), startMs: start.take(), executions }
  executions = 0
  return sample
}

function tally(): Tally {
  return {
    promised: Object.fromEntries(load.promised),
    succeeded: Object.fromEntries(succeeded),
    dead: Object.fromEntries(dead),
    holds: load.holds,
    errors: load.errors,
    troubles,
  }
}

function grow(counts: Map<string, number>, job: string): void {
  counts.set(job, (counts.get(job) ?? 0) + 1)
}

function trouble(what: string): void {
  if (troubles.length < MOST_TROUBLES) troubles.push(what)
}

async function stop(): Promise<void> {
  await scheduler.stop({ grace: '5s' })
  await store.close()
  await pool.end()
}

function tell(reply: Reply): void {
  if (process.connected) process.send?.(reply, undefined, {}, () => undefined)
}
