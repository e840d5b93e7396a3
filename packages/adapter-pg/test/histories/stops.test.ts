/**
 * Random histories in which workers are killed, paused beyond their lease, cut off and doubled in the midst of refreshes, beside eight
 * writers and backfills: at the end every rollup equals a recomputation, to the row, and nothing was refreshed but what was dirty, was
 * stamped for a backfill, or is refreshed by the rollup's own policy. What is written, harmed and filled follows from the seed.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { figure } from '@quarterjack/fault-kit/figure'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { live } from './history.ts'
import { judge } from './judge.ts'

const IS_FULL = ['full', 'soak'].includes(process.env.QJ_TEST_TIER ?? '')
const GIVEN = process.env.QJ_TEST_SEED
const HISTORIES = Number(process.env.QJ_TEST_HISTORIES ?? (GIVEN === undefined ? (IS_FULL ? 200 : 2) : 1))
/** Most of a history is waiting: for leases, and for windows to fall due. */
const TOGETHER = IS_FULL ? 5 : 2

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres({ settings: { max_connections: '400' } })
})
afterAll(() => server.close())

it('random histories end right, and nothing was refreshed for no reason', async () => {
  const seeds = Array.from({ length: HISTORIES }, (_, index) => Number(GIVEN ?? 1) + index).values()
  const totals: Record<string, number> = {}
  const add = (counts: object): void => {
    for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + Number(count)
  }
  let failure: Error | null = null
  const lane = async (): Promise<void> => {
    for (const seed of seeds) {
      if (failure !== null) return
      try {
        await using database = await server.createDatabase()
        const { differences, audit, policies, beganIn, deeds } = await live(database, seed)
        const { violations, refreshes, abandoned } = judge(audit, policies, { beganIn })
        expect(violations).toEqual([])
        expect(differences).toEqual([])
        add({ ...deeds, ...refreshes, abandoned, histories: 1 })
      } catch (error) {
        failure ??= new Error(`history ${seed} failed; repeat it with QJ_TEST_SEED=${seed}`, { cause: error })
      }
    }
  }
  await Promise.all(Array.from({ length: TOGETHER }, lane))
  if (failure !== null) throw failure
  figure('histories with stopped workers', totals)
  // There was something to go wrong.
  expect(totals).toMatchObject({ histories: HISTORIES })
  for (const name of ['killed', 'paused', 'disconnected', 'backfills', 'mark', 'stamp', 'completion', 'abandoned']) {
    if (GIVEN === undefined) expect(totals[name], name).toBeGreaterThan(0)
  }
}, 1_500_000)
