/** The suite by way of postgres.js, on the Postgres of the system. */
import postgres, { type TransactionSql } from 'postgres'
import { pgStore } from '../../src/pg-store.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import { SCHEMA, type Backend, type OpenTransaction } from './backend.ts'
import { conform, POSTGRES_CAPABILITIES } from './conform.ts'

conform({
  open: async () => {
    const server = await obtainPostgres()
    const database = await server.createDatabase()
    return postgresJsBackend(database.url, async () => {
      await database.drop()
      await server.close()
    })
  },
  capabilities: POSTGRES_CAPABILITIES,
})

function postgresJsBackend(url: string, end: () => Promise<void>): Backend {
  const sql = postgres(url, { max: 10, onnotice: () => undefined })
  const rollbacks = new Set<() => Promise<void>>()
  return {
    createStore: () => pgStore({ sql, schema: SCHEMA }),
    execute: async (text) => void (await sql.unsafe(text)),
    query: async (text) => [...(await sql.unsafe<Record<string, unknown>[]>(text))],
    begin: () => beginIn((work) => sql.begin(work), rollbacks),
    async endCase() {
      for (const rollback of rollbacks) await rollback()
    },
    async close() {
      await sql.end({ timeout: 5 })
      await end()
    },
  }
}

const rolledBack = new Error('rolled back')

/** postgres.js has transactions around a function only; this one waits for its end to be told. */
async function beginIn(
  transact: (work: (tx: TransactionSql) => Promise<void>) => Promise<unknown>,
  rollbacks: Set<() => Promise<void>>,
): Promise<OpenTransaction> {
  const { promise: ending, resolve: tellEnd } = Promise.withResolvers<'commit' | 'rollback'>()
  const { promise: begun, resolve: tellBegin } = Promise.withResolvers<unknown>()
  const ended = transact(async (tx) => {
    tellBegin(tx)
    if ((await ending) === 'rollback') throw rolledBack
  }).catch((error: unknown) => {
    if (error !== rolledBack) throw error
  })
  const endBy = async (how: 'commit' | 'rollback'): Promise<void> => {
    rollbacks.delete(rollback)
    tellEnd(how)
    await ended
  }
  const rollback = (): Promise<void> => endBy('rollback')
  rollbacks.add(rollback)
  return { tx: await begun, commit: () => endBy('commit'), rollback }
}
