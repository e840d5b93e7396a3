/** A transaction of the user's client, of whichever kind, as statements of ours see one. */
import { QuarterjackError } from '@quarterjack/core/store'
import type { Connection, Row } from './sql-client.ts'

/** Columns are selected as text, under names that differ: no client's options have a say. */
export function connectionWithin(tx: unknown): Connection {
  const ask = askOf(tx)
  return {
    query: async (sql, values = []) => (await ask(sql, [...values])).map((row) => Object.values(row as object) as unknown as Row),
    exec: async (sql) => void (await ask(sql, [])),
  }
}

type Ask = (sql: string, values: string[]) => Promise<readonly unknown[]>

function askOf(tx: unknown): Ask {
  const { unsafe, query } = ((typeof tx === 'object' && tx !== null) || typeof tx === 'function' ? tx : {}) as Readonly<
    Record<string, unknown>
  >
  if (typeof unsafe === 'function') return async (sql, values) => [...((await unsafe.call(tx, sql, values)) as readonly unknown[])]
  if (typeof query === 'function')
    return async (sql, values) => ((await query.call(tx, sql, values)) as { readonly rows: readonly unknown[] }).rows
  throw new QuarterjackError(
    'InvalidOption',
    "this transaction is not usable: give the pg client that began it, the transaction of PGlite, or the sql of postgres.js's begin().",
  )
}
