/** The seam of PGlite: one connection in this process, whose own queue makes statements and transactions take turns. */
import { untilDone } from './cut.ts'
import { lastRows } from './last-rows.ts'
import { quoteName } from './quote-name.ts'
import type { Connection, Row, SqlClient } from './sql-client.ts'
import { TakenBack } from './taken-back.ts'

/** The part of PGlite that the store uses. */
export interface PGliteDatabase<Transaction extends PGliteTransaction = PGliteTransaction> {
  query(sql: string, values?: unknown[], options?: { rowMode?: 'array' | 'object' }): Promise<{ readonly rows: unknown[] }>
  exec(sql: string): Promise<unknown>
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  listen(channel: string, listener: (payload: string) => void): Promise<() => Promise<void>>
}

/** The part of one of its transactions. */
export interface PGliteTransaction {
  query(sql: string, values?: unknown[], options?: { rowMode?: 'array' | 'object' }): Promise<{ readonly rows: unknown[] }>
  exec(sql: string): Promise<unknown>
}

export function createPGliteClient(database: PGliteDatabase): SqlClient {
  return {
    run: ({ sql, values }) => connectionOf(database).query(sql, values),
    ask: async (sql, values) => (await database.query(sql, [...values])).rows,
    transaction: (work) => database.transaction((tx) => work(connectionOf(tx))),
    // Its transactions refuse by themselves what comes too late; and nothing can get lost on the way to it.
    async share(work, signal) {
      const { committed } = await untilDone(
        (inner) => database.transaction(inner),
        async (tx: PGliteTransaction) => {
          const result = await work({ client: tx, query: connectionOf(tx).query })
          await checkIntact(tx)
          return result
        },
        signal,
      )
      return committed
    },
    stop: null,
    async listen(channel, listener) {
      let isOver = false
      const unlisten = await database.listen(quoteName(channel), (payload) => {
        if (!isOver) listener.onMessage(payload)
      })
      listener.onListening()
      return async () => {
        // PGlite does not find names with capitals again, and a closed database fails here.
        isOver = true
        await unlisten().catch(() => undefined)
      }
    },
    close: async () => undefined,
  }
}

/** It does not tell what became of a COMMIT: a transaction in which a statement failed is taken back without a word. */
async function checkIntact(tx: PGliteTransaction): Promise<void> {
  await tx.query('select 1').catch((error: unknown) => {
    throw (error as { readonly code?: unknown }).code === '25P02' ? new TakenBack() : error
  })
}

function connectionOf(database: PGliteTransaction): Connection {
  return {
    query: async (sql, values = []) => (await database.query(sql, [...values], { rowMode: 'array' })).rows as readonly Row[],
    // Columns are selected under names that differ.
    exec: async (sql) => lastRows(await database.exec(sql)).map((row) => Object.values(row as object) as unknown as Row),
  }
}
