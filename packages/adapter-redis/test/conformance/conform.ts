/** Opts a server in to the published suite. */
import { randomBytes } from 'node:crypto'
import { storeConformance, type ConformanceHarness } from '@quarterjack/core/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { resolveRedisStoreOptions, type RedisStoreOptions } from '../../src/options.ts'
import { assembleRedisStore } from '../../src/redis-store.ts'
import { createScripts } from '../../src/scripts/scripts.ts'
import { SERVER_TIME } from '../../src/scripts/lua-module.ts'

/** A server with a client that the cases share. */
export interface ConformanceSubject {
  readonly client: RedisStoreOptions['client']
  /** A command without the store, for the clock that is moved. */
  command(...args: readonly string[]): Promise<unknown>
  close(): Promise<void>
}

/** What every store in a Redis can do. */
export const REDIS_CAPABILITIES = {
  shared: true,
  durable: true,
  transactions: false,
  hints: true,
  windows: true,
  looksAhead: true,
  waitsToFire: true,
} as const

const IS_FULL = ['full', 'soak'].includes(process.env.QJ_TEST_TIER ?? '')
/** Programs may have to be installed first. */
const PREPARING_MS = 600_000
/** Where cases really wait, a machine that is busy with other tests needs some room. */
const SCALE = 0.3
/** The server's time, and what the test added to it under the key of its prefix. */
const MOVED_TIME = `(${SERVER_TIME} + (tonumber(redis.call('HGET', KEY.meta, 'moved') or 0)))`

/**
 * Declares the suite. Cases on the store's own clock move that clock instead of waiting; in the full tier the
 * suite runs once more, on the clock as it is shipped, and really waits.
 */
export function conform(open: () => Promise<ConformanceSubject>): void {
  if (!IS_FULL) console.info('Conformance on the clock as it is shipped is left to the full tier: QJ_TEST_TIER=full.')
  describe('on a clock that is moved', () => declare(open, true))
  if (IS_FULL) describe('on the clock of the server', () => declare(open, false))
}

function declare(open: () => Promise<ConformanceSubject>, isMovable: boolean): void {
  let subject: ConformanceSubject | undefined
  const scripts = createScripts(isMovable ? MOVED_TIME : SERVER_TIME)
  beforeAll(async () => {
    subject = await open()
  }, PREPARING_MS)
  afterAll(() => subject?.close(), PREPARING_MS)

  const create = async (): Promise<ConformanceHarness> => {
    if (subject === undefined) throw new Error('The server was not prepared; the first failure says why.')
    const { client, command } = subject
    const prefix = `case-${randomBytes(6).toString('hex')}`
    const store = assembleRedisStore(resolveRedisStoreOptions({ client, prefix }), scripts)
    return {
      store,
      ...(isMovable
        ? { advance: async (ms: number) => void (await command('HINCRBY', `{${prefix}}:meta`, 'moved', String(Math.round(ms)))) }
        : {}),
      close: () => store.close(),
    }
  }
  storeConformance({ describe, it, create, capabilities: REDIS_CAPABILITIES, scale: SCALE })
}
