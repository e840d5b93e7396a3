/** A process dies while it defines a rollup whose history only marks tell of, and others digest marks all the while: the next one builds it. */
import { createScheduler, defineRollup, type Rollup } from '@quarterjack/core'
import type { Store, WindowStore } from '@quarterjack/core/store'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, it } from 'vitest'
import { pgStore } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

const HOUR = 3_600_000
const HOURS = 5
const FIRST = Math.floor(Date.now() / HOUR) * HOUR - HOURS * HOUR

let server: PostgresAccess
let database: Database
let pool: Pool
let refreshed: Readonly<Record<'hour' | '30m', Set<number>>>

beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 5 })
  pool.on('error', () => undefined)
  refreshed = { hour: new Set(), '30m': new Set() }
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

function rollup(grain: 'hour' | '30m'): Rollup {
  return defineRollup({
    name: 'stats',
    grain,
    start: new Date(FIRST),
    capture: 'complete',
    grace: 0,
    debounce: { wait: 0, maxWait: 0 },
    refresh: ({ windows }) => {
      for (const { start } of windows) refreshed[grain].add(start.getTime())
    },
  })
}

const windowsOf = ({ windows }: Store): WindowStore => windows as WindowStore

/** Digests whatever is about the windows of the first version, as its processes would. */
async function digestForOld(windows: WindowStore, hash: string | undefined): Promise<void> {
  const { sources } = await windows.collect({ limit: 1_000 })
  const drains = sources
    .filter(({ rollups }) => rollups.every((one) => one.hash === hash))
    .map(({ source, token, marks }) => ({
      ...{ source, token, parked: [], narrowed: [], sealed: [], enqueue: [] },
      groups: marks.map(({ id, markedAt }) => ({ marks: [id], markedAt, removed: false, windows: [] })),
    }))
  if (drains.length > 0) await windows.drain({ drains })
}

/** Dies before its call number `most` + 1; others digest after each of its calls. */
function dying(windows: WindowStore, most: number, afterEach: () => Promise<void>): WindowStore {
  let calls = 0
  return new Proxy(windows, {
    get(target, name) {
      const verb = Reflect.get(target, name) as unknown
      if (typeof verb !== 'function') return verb
      return async (request: unknown) => {
        if (++calls > most) throw new Error('the process died here')
        const reply: unknown = await verb.call(target, request)
        await afterEach()
        return reply
      }
    },
  })
}

it.each([0, 1, 2, 3])('dies after %d calls', async (most) => {
  const store = pgStore({ pool })
  const old = createScheduler({ store, jobs: [rollup('hour')], logger: false })
  await old.start()
  await until('the first version has built it', () => refreshed.hour.size >= HOURS)
  await old.stop()
  const { states } = await windowsOf(store).state({ rollups: [{ rollup: 'stats', limit: 1 }] })
  const windows = dying(windowsOf(store), most, () => digestForOld(windowsOf(store), states[0]?.record.hash))
  const dead = createScheduler({ store: { ...store, windows }, jobs: [rollup('30m')], logger: false, storeTimeout: '1s' })
  await dead.start().catch(() => undefined)
  await dead.stop({ grace: 0 }).catch(() => undefined)
  const young = createScheduler({ store, jobs: [rollup('30m')], logger: false })
  await young.start()
  await until('its history is built', () => refreshed['30m'].size >= 2 * HOURS)
  await young.stop()
  await store.close()
})
