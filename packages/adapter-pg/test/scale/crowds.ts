/** Crowds of unfinished runs that nobody may claim now. */
import type { Registration, Store } from '@quarterjack/core/store'
import type { Pool } from 'pg'
import { enqueueRequest } from '../store/requests.ts'
import { NOW } from './fill-tables.ts'

const HOUR_MS = 3_600_000
const SPENT = { rateLimit: { max: 1, perMs: 1_000 * HOUR_MS } }

/** The jobs of {@link CROWDS} that processes know. */
export const CROWDED_JOBS: Readonly<Record<string, Partial<Registration>>> = {
  ...{ limited: { concurrency: 1 }, waiting: { concurrency: 1 }, suspended: {}, rated: SPENT, retried: {}, later: {} },
}

/** Where they gather. */
export interface Place {
  readonly store: Store
  /** On the schema of the store. */
  readonly pool: Pool
  readonly count: number
}

/** By what they are. */
export const CROWDS: Readonly<Record<string, (place: Place) => Promise<unknown>>> = {
  async 'of a job at its limit'(place) {
    await occupy(place, 'limited', ['job:limited'])
    await gather(place, 'limited', { gates: '{job:limited}' })
  },
  async 'that wait at the gate of a job'(place) {
    await occupy(place, 'waiting', ['job:waiting'])
    await gather(place, 'waiting', { gates: '{job:waiting}', state: 'waiting', waits_at: 'job:waiting' })
    await place.pool.query(`update gates set waiting = ${place.count} where name = 'job:waiting'`)
  },
  async 'of a suspended job'(place) {
    await place.store.schedules.suspend({ targets: [{ job: 'suspended', reason: 'a test' }], now: NOW })
    await gather(place, 'suspended')
  },
  async 'of a job that no process here knows'(place) {
    await place.pool.query(`insert into jobs (name) values ('elsewhere')`)
    await gather(place, 'elsewhere')
  },
  async 'of a job whose rate limit is spent'(place) {
    await occupy(place, 'rated', [])
    await gather(place, 'rated')
  },
  'that failed and are to be tried again later': (place) =>
    gather(place, 'retried', { run_at: NOW + 1_000 * HOUR_MS, started_at: NOW - HOUR_MS, attempt: 1, failures: 1, fence: 1 }),
  'that are due later': (place) => gather(place, 'later', { run_at: NOW + 1_000 * HOUR_MS }),
}

/** A run that another process executes, and will for long. */
async function occupy({ store }: Place, job: string, gates: readonly string[]): Promise<void> {
  const owner = `of ${job}`
  const lease = { owner, leaseMs: 1_000 * HOUR_MS }
  await store.runs.renew({ ...lease, jobs: [{ job, hash: job }], started: [], progress: [], now: NOW })
  const claim = { ...lease, limit: 1, start: 1, seenFence: 0 }
  const { replies } = await store.runs.enqueue({ requests: [enqueueRequest(job, { gates })], claim, now: NOW })
  if (replies[0]?.claimed === undefined) throw new Error(`The run of ${job} was not claimed.`)
}

/** Due for an hour and of high priority, unless told otherwise. */
async function gather({ pool, count }: Place, job: string, given: Readonly<Record<string, string | number>> = {}): Promise<unknown> {
  const columns = {
    state: 'pending',
    trigger: 'manual',
    priority: 10,
    run_at: NOW - HOUR_MS,
    created_at: NOW - HOUR_MS,
    overlap: 'allow',
    ...given,
  }
  return pool.query(`
    insert into runs (id, job_id, key, ${Object.keys(columns).join(', ')})
    select '${job}' || n, j.id, '', ${Object.values(columns)
      .map((value) => `'${value}'`)
      .join(', ')}
    from generate_series(1, ${count}) n cross join jobs j where j.name = '${job}'`)
}
