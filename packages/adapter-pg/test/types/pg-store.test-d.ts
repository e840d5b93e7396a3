import { createScheduler, defineJob, type RunContext, type Store } from '@quarterjack/core'
import {
  pgStore,
  type PGliteTransaction,
  type PgPoolClient,
  type PgStore,
  type PostgresJsQueries,
  schemaSql,
} from '@quarterjack/adapter-pg'
import { describe, expectTypeOf, it } from 'vitest'

/** Clients as `pg`, PGlite and postgres.js declare theirs: overloads, generics, and more than the store asks for. */
interface OwnClient extends PgPoolClient {
  query(config: string | { text: string; values?: unknown[] }, values?: unknown[]): Promise<{ rows: { id: number }[] }>
  ownOfPg: true
}
declare const pool: {
  connect(): Promise<OwnClient>
  connect(callback: (error: Error | undefined, client: OwnClient | undefined) => void): void
  on(event: 'error' | 'connect', listener: (error: Error) => void): unknown
  query(text: string): Promise<unknown>
}
interface OwnTransaction extends PGliteTransaction {
  ownOfPGlite: true
}
declare const pglite: {
  query<T>(sql: string, values?: unknown[], options?: { rowMode?: 'array' | 'object' }): Promise<{ rows: T[] }>
  exec(sql: string): Promise<unknown[]>
  transaction<T>(work: (tx: OwnTransaction) => Promise<T>): Promise<T>
  listen(channel: string, listener: (payload: string) => void): Promise<() => Promise<void>>
}
interface OwnSql extends PostgresJsQueries {
  ownOfPostgresJs: true
}
declare const sql: PostgresJsQueries & {
  begin<T>(work: (tx: OwnSql) => T | Promise<T>): Promise<T>
  begin<T>(options: string, work: (tx: OwnSql) => T | Promise<T>): Promise<T>
  listen(channel: string, onMessage: (payload: string) => void, onListening?: () => void): Promise<{ unlisten(): Promise<void> }>
}
declare const ctx: RunContext<{ orderId: number }>

describe('the store', () => {
  it('follows from its client', () => {
    expectTypeOf(pgStore({ pool })).toEqualTypeOf<PgStore<OwnClient>>()
    expectTypeOf(pgStore({ pglite, hints: false })).toEqualTypeOf<PgStore<OwnTransaction>>()
    expectTypeOf(pgStore({ sql, schema: 'jobs', migrate: false })).toEqualTypeOf<PgStore<OwnSql>>()
  })

  it('serves wherever a store is wanted', () => {
    const store: Store = pgStore({ pool })
    const ofAnyClient: PgStore = pgStore({ pool })
    createScheduler({ store: ofAnyClient, jobs: [defineJob({ name: 'a', run: () => undefined })] })
    expectTypeOf(store).toMatchTypeOf<Store>()
  })

  it('takes one client, and known options', () => {
    // @ts-expect-error no client
    pgStore({})
    // @ts-expect-error a pool is meant
    pgStore({ pool: 'postgres://' })
    // @ts-expect-error a client that is no pool
    pgStore({ pool: {} as OwnClient })
    // @ts-expect-error mistyped
    pgStore({ pool, shema: 'jobs' })
    // @ts-expect-error neither boolean nor auto
    pgStore({ pool, hints: 'on' })
  })
})

describe('commitWith', () => {
  it('gives the work its client, and what the work returns', () => {
    expectTypeOf(
      pgStore({ pool }).commitWith(ctx, async (client) => {
        expectTypeOf(client).toEqualTypeOf<OwnClient>()
        return (await client.query('select 1')).rows.length
      }),
    ).resolves.toEqualTypeOf<number>()
    void pgStore({ pglite }).commitWith(ctx, async (tx) => expectTypeOf(tx).toEqualTypeOf<OwnTransaction>())
    void pgStore({ sql }).commitWith(ctx, async (tx) => expectTypeOf(tx).toEqualTypeOf<OwnSql>(), { within: '5s' })
  })

  it('wants a context, asynchronous work and a duration', () => {
    const { commitWith } = pgStore({ pool })
    // @ts-expect-error no context
    void commitWith({ runId: 'x' }, async () => undefined)
    // @ts-expect-error nothing to wait for
    void commitWith(ctx, () => 1)
    // @ts-expect-error no duration
    void commitWith(ctx, async () => 1, { within: 'soon' })
  })

  it('gives a handler its result', () => {
    const store = pgStore({ pool })
    const ship = defineJob({ name: 'ship', run: (own) => store.commitWith(own, async () => 'shipped' as const) })
    const scheduler = createScheduler({ store, jobs: [ship] })
    void scheduler.trigger(ship).then((run) => expectTypeOf(run.finished()).resolves.toEqualTypeOf<'shipped'>())
  })
})

describe('query and transaction', () => {
  it('give rows as they are said to be, and the client of the store', () => {
    const store = pgStore({ pool })
    expectTypeOf(store.query('select 1')).resolves.toEqualTypeOf<{ readonly rows: Record<string, unknown>[] }>()
    expectTypeOf(store.query<{ id: number }>('select id from orders where id = $1', [1])).resolves.toEqualTypeOf<{
      readonly rows: { id: number }[]
    }>()
    expectTypeOf(
      store.transaction(async (client) => {
        expectTypeOf(client).toEqualTypeOf<OwnClient>()
        return 1
      }),
    ).resolves.toEqualTypeOf<number>()
    void pgStore({ sql }).transaction(async (tx) => expectTypeOf(tx).toEqualTypeOf<OwnSql>())
    // @ts-expect-error values are a list
    void store.query('select $1', 'a')
    // @ts-expect-error nothing to wait for
    void store.transaction(() => 1)
  })
})

describe('schemaSql', () => {
  it('is a text', () => {
    expectTypeOf(schemaSql({ schema: 'jobs', from: 1, grantTo: 'service' })).toEqualTypeOf<string>()
    // @ts-expect-error mistyped
    schemaSql({ grant: 'service' })
  })
})
