/** The real clients; apart from the tests of the public types, which know none of them. */
import { PGlite, type Transaction } from '@electric-sql/pglite'
import { Pool, type PoolClient } from 'pg'
import postgres, { type TransactionSql } from 'postgres'
import { describe, expectTypeOf, it } from 'vitest'
import { pgStore, type PgPool, type PgStore } from '../../src/index.ts'

describe('the client of commitWith', () => {
  it("is the user's own type", () => {
    expectTypeOf(pgStore({ pool: new Pool() })).toEqualTypeOf<PgStore<PoolClient>>()
    expectTypeOf(pgStore({ pglite: new PGlite() })).toEqualTypeOf<PgStore<Transaction>>()
    expectTypeOf(pgStore({ sql: postgres() })).toEqualTypeOf<PgStore<TransactionSql>>()
  })

  it('may come from something that only looks like a pool', () => {
    const pool = new Pool()
    const plain: PgPool = { connect: () => pool.connect(), on: (event, listener) => pool.on(event, listener) }
    pgStore({ pool: plain })
    class Wrapped {
      connect(): Promise<PoolClient> {
        return pool.connect()
      }
      query(): Promise<unknown> {
        return pool.query('select 1')
      }
      on(): this {
        return this
      }
    }
    expectTypeOf(pgStore({ pool: new Wrapped() })).toEqualTypeOf<PgStore<PoolClient>>()
  })
})
