/** Opts a database in to the published suite. */
import type { StoreCapabilities } from '@quarterjack/core/store'
import { storeConformance, type ConformanceHarness } from '@quarterjack/core/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Backend } from './backend.ts'
import { prepareSchema, type SharedSchema } from './shared-schema.ts'

/** A database that the suite runs against. */
export interface ConformanceSubject {
  /** Opens it, new and empty. What this starts, the backend's `close` ends. */
  readonly open: () => Promise<Backend>
  readonly capabilities: StoreCapabilities
  /** Cases to leave out, each with its reason. */
  readonly skip?: Readonly<Record<string, string>>
}

/** What a Postgres server can do. */
export const POSTGRES_CAPABILITIES = {
  shared: true,
  durable: true,
  transactions: true,
  hints: true,
  windows: true,
  looksAhead: true,
  waitsToFire: 'written',
} as const

const IS_FULL = ['full', 'soak'].includes(process.env.QJ_TEST_TIER ?? '')
/** Programs may have to be installed first. */
const PREPARING_MS = 600_000
/** Where cases really wait, a machine that is busy with other tests needs some room. */
const SCALE = 0.3

/**
 * Declares the suite. Cases on the store's own clock move that clock instead of waiting; in the full tier the
 * suite runs once more, on the clock as it is shipped, and really waits.
 */
export function conform(subject: ConformanceSubject): void {
  if (!IS_FULL) console.info('Conformance on the clock as it is shipped is left to the full tier: QJ_TEST_TIER=full.')
  describe('on a clock that is moved', () => declare(subject, true))
  if (IS_FULL) describe('on the clock of the database', () => declare(subject, false))
}

function declare({ open, capabilities, skip = {} }: ConformanceSubject, hasMovableClock: boolean): void {
  let backend: Backend | undefined
  let schema: SharedSchema | undefined
  beforeAll(async () => {
    backend = await open()
    schema = await prepareSchema(backend, hasMovableClock)
  }, PREPARING_MS)
  afterAll(() => backend?.close(), PREPARING_MS)

  const create = async (): Promise<ConformanceHarness> => {
    if (backend === undefined || schema === undefined) throw new Error('The database was not prepared; the first failure says why.')
    const { begin, endCase } = backend
    await schema.reset()
    const store = backend.createStore()
    return {
      store,
      ...(schema.advance === undefined ? {} : { advance: schema.advance }),
      ...(begin === undefined ? {} : { begin }),
      async close() {
        await endCase()
        await store.close()
      },
    }
  }
  storeConformance({ describe, it, create, capabilities, skip, scale: SCALE })
}
