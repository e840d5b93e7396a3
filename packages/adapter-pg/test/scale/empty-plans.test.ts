/** A session plans while the tables are empty, as most do, or full of what is rare, and keeps those plans when much is to be done. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgStore } from '../../src/pg-store.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { enqueueRequest } from '../store/requests.ts'
import { type ExplainedSession, openExplainedSession } from './explained-session.ts'
import { stepsOf } from './measure-verbs.ts'

const OWNER = 'o'
const MANY = 400
const CLAIM = { owner: OWNER, leaseMs: 60_000, limit: MANY, start: MANY, seenFence: 0 }

/** Statements that looked at more rows in vain. */
function dropsBeyond(most: number, statements: Awaited<ReturnType<ExplainedSession['hear']>>['statements']): readonly string[] {
  return statements.flatMap(({ text, plan }) =>
    stepsOf(plan).flatMap((step) => {
      const dropped = Number(step['Rows Removed by Join Filter'] ?? 0) + Number(step['Rows Removed by Filter'] ?? 0)
      return dropped * Number(step['Actual Loops'] ?? 1) > most ? [`${dropped} rows dropped: ${text.trim().slice(0, 120)}`] : []
    }),
  )
}

let server: PostgresAccess
let database: Database
let session: ExplainedSession
beforeAll(async () => {
  server = await obtainPostgres()
  database = await server.createDatabase()
  session = openExplainedSession(database.poolSettings)
})
afterAll(async () => {
  await session[Symbol.asyncDispose]()
  await database.drop()
  await server.close()
})

describe.each([
  ['without gates', []],
  ['with gates', ['job:mail', 'mutex:m']],
])('runs %s', (_, gates) => {
  it('are claimed, settled and taken over without comparing each with all', async () => {
    const store = pgStore({ pool: session.pool, hints: false })
    await store.open()
    const play = async (count: number): Promise<readonly string[]> => {
      const beyond: string[] = []
      const watch = async <Result>(verb: string, call: () => Promise<Result>): Promise<Result> => {
        const { result, statements } = await session.hear(call)
        // Per row of the list, a few; not as many as the list has.
        beyond.push(...dropsBeyond(10 * MANY, statements).map((drop) => `${verb}: ${drop}`))
        return result
      }
      const renew = { owner: OWNER, leaseMs: 60_000, jobs: [{ job: 'mail', hash: 'h' }], started: [], progress: [] }
      await store.runs.renew(renew)
      const requests = Array.from({ length: count }, () => enqueueRequest('mail', { gates: gates.slice(0, 1) }))
      await watch('enqueue', () => store.runs.enqueue({ requests }))
      const { runs } = await watch('claim', () => store.runs.claim(CLAIM))
      expect(runs).toHaveLength(count)
      const started = runs.map(({ record: { id, fence } }) => ({ runId: id, fence }))
      const progress = started.map((one) => ({ ...one, progress: '1' }))
      await watch('renew', () => store.runs.renew({ ...renew, started, progress }))
      const settlements = runs.map(({ record }) => {
        const then = { to: 'succeeded', result: null } as const
        return { runId: record.id, fence: record.fence, outcome: 'succeeded', startedAt: 1, error: null, then } as const
      })
      await watch('settle', () => store.runs.settle({ owner: OWNER, settlements }))
      return beyond
    }
    await play(1)
    await session.pool.query('vacuum analyze')
    await session.pool.query('discard plans')
    expect(await play(1)).toEqual([])
    expect(await play(MANY)).toEqual([])
    await store.close()
  })
})

it('a session that planned while nearly all runs were suspects reads no more than others once they are not', async () => {
  const count = 5_000
  const store = pgStore({ pool: session.pool, hints: false })
  await store.open()
  await store.runs.renew({ owner: OWNER, leaseMs: 60_000, jobs: [{ job: 'doubt', hash: 'h' }], started: [], progress: [] })
  await store.runs.enqueue({ requests: Array.from({ length: count }, () => enqueueRequest('doubt')) })
  await session.pool.query('update quarterjack.runs set suspect = true')
  await session.pool.query('vacuum analyze quarterjack.runs')
  await session.pool.query('discard plans')
  // One suspect at a time.
  expect((await store.runs.claim({ ...CLAIM, limit: 10 })).runs).toHaveLength(1)
  await session.pool.query(`update quarterjack.runs set suspect = false`)
  for (const limit of [0, 1, 10]) {
    const { result, statements } = await session.hear(() => store.runs.claim({ ...CLAIM, limit }))
    expect(result.runs).toHaveLength(limit)
    expect(dropsBeyond(count / 10, statements)).toEqual([])
  }
  await store.close()
})
