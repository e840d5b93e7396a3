/** Runs that nobody may claim, however many they are and however long they have been due, stand in nobody's way. */
import { isFull } from '@quarterjack/fault-kit/tier'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { pgStore } from '../../src/index.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { CROWDED_JOBS, CROWDS } from './crowds.ts'
import { openExplainedSession } from './explained-session.ts'
import { fillSchedules } from './fill-tables.ts'
import { BUSY, joinStore } from './hot-verbs.ts'
import { type Measured, measureAfresh, measureVerbs, type MeasuredVerbs, worstOf } from './measure-verbs.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

/** Of each kind. */
const CROWD = isFull ? 100_000 : 10_000
/** An index of few rows is one page deep, over a crowd three or four. */
const MOST_TIMES = 3
/** Rows have no depth. */
const MOST_MORE_ROWS = 50

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ settings: { autovacuum: 'off', shared_buffers: '512MB' } })
})
afterAll(() => server.close())

it(`${CROWD} runs each ${Object.keys(CROWDS).join(', ')} cost those who claim others nothing`, async () => {
  const [few, many] = [await lookBeside(1), await lookBeside(CROWD)]
  expect({
    unaware: dearer(few.unaware, many.unaware),
    misled: dearer(few.misled, many.misled),
    fresh: dearer(few.fresh, many.fresh),
  }).toEqual({ unaware: [], misled: [], fresh: [] })
})

/** The rounds of `hot-verbs.ts`, in sessions that know more or less of the crowd: those of others are claimed, all and at once. */
async function lookBeside(count: number): Promise<Readonly<Record<'unaware' | 'misled' | 'fresh', MeasuredVerbs>>> {
  const { poolSettings } = await server.createDatabase()
  const pool = new Pool({ ...poolSettings, max: 1, options: '-c search_path=quarterjack' })
  const store = pgStore({ pool, hints: false })
  await store.open()
  await joinStore(store, CROWDED_JOBS)
  await fillSchedules(store, { from: 0, to: BUSY, busy: BUSY })
  const rounds = { next: 0, perLook: isFull ? 6 : 3 }
  await using unaware = openExplainedSession(poolSettings)
  await measureVerbs(unaware, rounds)
  // As a service that had nothing to do for a while.
  await pool.query('vacuum analyze')
  await using misled = openExplainedSession(poolSettings)
  await measureVerbs(misled, rounds)
  for (const gather of Object.values(CROWDS)) await gather({ store, pool, count })
  try {
    return {
      unaware: await measureVerbs(unaware, rounds),
      misled: await measureVerbs(misled, rounds),
      fresh: await measureAfresh(poolSettings, rounds),
    }
  } finally {
    await store.close()
    await pool.end()
  }
}

/** Lists and statistics of unfinished runs are about the crowd; history is not. */
const OF_OTHERS = /find|stats|prune/

function dearer(few: MeasuredVerbs, many: MeasuredVerbs): readonly string[] {
  return [...many]
    .filter(([verb, now]) => !OF_OTHERS.test(verb) && isDearer(few.get(verb), now))
    .map(([verb, { rows, pages, statements }]) => {
      const before = few.get(verb)
      return `${verb}: ${before?.rows} → ${rows} rows, ${before?.pages} → ${pages} pages\n${worstOf(statements)}`
    })
}

function isDearer(before: Measured | undefined, now: Measured): boolean {
  return before === undefined || now.pages > before.pages * MOST_TIMES || now.rows > before.rows + MOST_MORE_ROWS
}
