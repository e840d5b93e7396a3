/** The mutex between real processes: one at a time, in turn, past a holder that is killed or frozen, and a server that goes away. */
import { createLockSite } from '@quarterjack/fault-kit/lock-site'
import { testMutex } from '@quarterjack/fault-kit/suites/mutex'
import { startPostgres } from '../servers/postgres.ts'
import { openHolds } from './holds.ts'
import type { PgLockPlan } from './lock-worker.ts'

testMutex(async () => {
  const [server, recorder] = [await startPostgres(), await startPostgres()]
  const holds = openHolds(recorder.url)
  await holds.create()
  return createLockSite({
    holds,
    program: new URL('./lock-worker.ts', import.meta.url).pathname,
    planOf: (plan): PgLockPlan => ({ ...plan, storeUrl: server.url, holdsUrl: recorder.url }),
    crash: () => server.kill(),
    start: () => server.start(),
    close: async () => void (await Promise.all([server.close(), recorder.close()])),
  })
})
