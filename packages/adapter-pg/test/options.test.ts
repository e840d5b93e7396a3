import { Pool } from 'pg'
import postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { type PGliteDatabase, pgStore, type PgStoreOptions, schemaSql } from '../src/index.ts'

const pool = new Pool()
const refused = (options: object): string => {
  try {
    pgStore(options as PgStoreOptions)
  } catch (error) {
    expect(error).toMatchObject({ code: 'InvalidOption' })
    return (error as Error).message
  }
  throw new Error('expected InvalidOption')
}

describe('options of pgStore', () => {
  it('name what is wrong, its value and the remedy', () => {
    expect(refused({ pool, schema: 'no-good' })).toMatch(/schema: use letters, digits .*; this is "no-good"\./)
    expect(refused({ pool, schema: 'x'.repeat(51) })).toMatch(/schema: use at most 50 characters; this is "x+"\./)
    expect(refused({ pool, schema: 'pg_jobs' })).toMatch(/schema: such names are reserved by Postgres, .*"pg_jobs"/)
    expect(refused({ pool, hints: 'yes' })).toMatch(/hints: use true, false or "auto"; this is "yes"\./)
    expect(refused({ pool, migrate: 1 })).toMatch(/migrate: must be true or false; this is 1\./)
    expect(refused({ pool, shema: 'jobs' })).toMatch(
      /"shema" is not an option\. Did you mean "schema"\? Known are pool, pglite, sql, schema,/,
    )
    expect(refused({ pool: {} })).toMatch(/pool: must be a pool of "pg"/)
  })

  it('name every problem at once', () => {
    expect(refused({ pool: 1, schema: '1', migrate: 'no' }).split('\n')).toHaveLength(4)
  })

  it('take exactly one client', () => {
    expect(refused({})).toMatch(/no client was given\. Give one of pool, pglite, sql\./)
    expect(refused({ pool, sql: postgres('postgres://localhost') })).toMatch(/pool and sql were given/)
    expect(refused(undefined as unknown as object)).toMatch(/pgStore has invalid options/)
  })

  it('say what is written instead of what people try', () => {
    expect(refused(pool)).toBe('pgStore: this is a pool. Write pgStore({ pool }).')
    expect(refused(postgres('postgres://localhost'))).toMatch(/Write pgStore\(\{ sql \}\)\.$/)
    expect(refused({ pool, pglite: {} })).toBe('pgStore: pool and pglite were given. Give one of them.')
    expect(refused({ connectionString: 'x' })).toMatch(/write pool: new Pool\(\{ connectionString \}\)\./)
    expect(refused({ pool, schemaName: 'x' })).toMatch(/"schemaName" is not an option: write schema\./)
    expect(refused(undefined as unknown as object)).toMatch(/must be an object with any of pool, .*; this is undefined\./)
    expect(() => schemaSql({ scheme: 'x' } as object)).toThrow(/Did you mean "schema"\? Known are schema, from, grantTo\./)
  })

  it('say what the store can do', () => {
    expect(pgStore({ pool, schema: 'Jobs_2' })).toMatchObject({
      name: 'pg',
      capabilities: { shared: true, durable: true, transactions: true, hints: true },
    })
    expect(pgStore({ sql: postgres('postgres://localhost'), hints: false }).capabilities.hints).toBe(false)
  })

  it.each([
    [undefined, false],
    ['memory://here', false],
    ['./data', true],
  ])('say whether PGlite in %j outlives the process: %s', (dataDir, durable) => {
    const pglite: PGliteDatabase = {
      query: async () => ({ rows: [] }),
      exec: async () => [],
      transaction: async () => Promise.reject(new Error('not here')),
      listen: async () => async () => undefined,
    }
    const store = pgStore({ pglite: Object.assign(pglite, { dataDir }) })
    expect(store).toMatchObject({ name: 'pglite', capabilities: { shared: false, durable, transactions: true } })
  })

  it('do not connect to anything', () => {
    expect(pgStore({ pool: new Pool({ host: 'nowhere.invalid' }) }).hintStatus).toEqual({ state: 'idle', reason: null })
  })
})

describe('options of schemaSql', () => {
  it('are checked, too', () => {
    expect(() => schemaSql({ schema: 'a b' })).toThrow(/schema: use letters, .*; this is "a b"\./)
    expect(() => schemaSql({ from: 99 })).toThrow(/from: must be at most \d+, the newest version .*; this is 99\./)
  })
})
