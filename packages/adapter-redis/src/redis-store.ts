/** `redisStore`: options → driver → verbs → the store. */
import { QuarterjackError, type Store } from '@quarterjack/core/store'
import { createServerCheck } from './client/check-server.ts'
import { createDriver } from './client/driver.ts'
import { createHints, type HintStatus } from './hints/hints.ts'
import { type RedisStoreOptions, type ResolvedRedisStoreOptions, resolveRedisStoreOptions } from './options.ts'
import { createMendPrefix } from './verbs/mend-prefix.ts'
import { createOwnerEras } from './loss/owner-eras.ts'
import { createSeenCursors } from './loss/seen-cursors.ts'
import { createScripts, type Scripts } from './scripts/scripts.ts'
import { createCall } from './verbs/call.ts'
import { createLeaseVerbs } from './verbs/leases.ts'
import { openPrefix } from './verbs/open.ts'
import { createRunVerbs } from './verbs/runs.ts'
import { createScheduleVerbs } from './verbs/schedules.ts'
import { createWindowVerbs } from './verbs/windows.ts'

/** A {@link Store} in Redis. */
export interface RedisStore extends Store {
  /** Whether hints of other processes reach this one. */
  readonly hintStatus: HintStatus
}

const NAME = 'redis'

/**
 * A store in Redis (6.2 or later) or Valkey, on one server or a cluster, behind a client that the service already has.
 * Processes that use the same database and prefix share their work. The store never ends the client.
 *
 * What the store promises lasts as long as the server keeps its data: persist it (`appendonly yes`), let nothing be evicted
 * (`maxmemory-policy noeviction`), and know that a failover may lose the last writes. `open()` warns of the first two.
 *
 * @example
 * const client = await createClient({ url: process.env.REDIS_URL ?? 'redis://localhost' }).connect()
 * const scheduler = createScheduler({ store: redisStore({ client }), jobs: [report] })
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  return assembleRedisStore(resolveRedisStoreOptions(options), SCRIPTS)
}

const SCRIPTS = createScripts()

/** The same with scripts on another clock. */
export function assembleRedisStore({ client, prefix, hints: mode }: ResolvedRedisStoreOptions, scripts: Scripts): RedisStore {
  const driver = createDriver(client, { store: NAME, prefix })
  const hints = createHints(driver, { prefix, mode })
  const checkServer = createServerCheck(driver, NAME)
  let opening: Promise<void> | null = null
  let isClosed = false

  const checkOpen = (): void => {
    if (isClosed)
      throw new QuarterjackError(
        'StoreClosed',
        `store "${NAME}" is closed. Close it after the last scheduler stopped; open() opens it again.`,
      )
  }
  const cursors = createSeenCursors()
  const { call, watch } = createCall({ driver, prefix, from: hints.from, scripts, cursors, checkOpen, tellHere: hints.tellHere })

  const prepare = async (): Promise<void> => {
    await checkServer()
    await openPrefix(call, scripts, prefix)
  }

  return {
    name: NAME,
    capabilities: {
      shared: true,
      durable: true,
      transactions: false,
      hints: mode !== false,
      windows: true,
      looksAhead: true,
      waitsToFire: true,
    },
    get hintStatus() {
      return hints.status
    },
    open() {
      isClosed = false
      hints.open()
      // All who ask meanwhile wait for the same; what failed is tried again by the next one.
      opening ??= prepare().catch((error: unknown) => {
        opening = null
        throw error
      })
      return opening
    },
    async close() {
      if (isClosed) return
      isClosed = true
      opening = null
      await hints.close()
      await driver.close()
    },
    now: async () => (await call(scripts.now, {})).storeNow,
    watch(listener) {
      checkOpen()
      return hints.watch(listener)
    },
    schedules: createScheduleVerbs(call, scripts, cursors),
    runs: createRunVerbs(call, { scripts, eras: createOwnerEras(watch), mendPrefix: createMendPrefix(call, scripts, watch), hints }),
    leases: createLeaseVerbs(call, scripts),
    windows: createWindowVerbs(call, scripts),
  }
}
