/** What sequences about rollups begin with, so that there is something to do from the start: rollups, and runs that may refresh them. */
import type { Deed, DeedNamed } from './deed.ts'
import { JOBS, OWNERS, ROLLUPS, SOURCES } from './world.ts'

type Request = DeedNamed<'enqueue'>['requests'][number]

const PLAIN: Omit<Request, 'job'> = {
  key: 'k',
  gates: { job: false, key: false, x: false, y: false },
  payload: null,
  priority: 0,
  delayMs: 0,
  runAt: null,
  skipWhenBusy: false,
  debounce: null,
  idempotency: null,
  slot: false,
}

export const windowPrelude: readonly Deed[] = [
  ...ROLLUPS.map((rollup): Deed => ({ do: 'define', rollup, hash: 'h', sources: [...SOURCES], edges: 1_000, start: 1, isStale: false })),
  ...OWNERS.map(
    (owner): Deed => ({ do: 'renew', owner, jobs: [...JOBS], hash: 'h', idleMs: 0, started: [], progress: null, survived: null }),
  ),
  ...OWNERS.map(
    (owner): Deed => ({
      do: 'enqueue',
      requests: JOBS.map((job) => ({ ...PLAIN, job })),
      claim: { owner, limit: 2, start: 1, seen: false },
      again: null,
    }),
  ),
]
