/** A transaction of the user's client, of whichever kind, as statements of ours see one. */
import { QuarterjackError } from '@quarterjack/core/store'
import { lastRows } from './last-rows.ts'
import type { Connection, Row } from './sql-client.ts'

/** Columns are selected as text, under names that differ: no client's options have a say. */
export function connectionWithin(tx: unknown): Connection {
  const { ask, exec } = clientOf(tx)
  return {
    query: async (sql, values = []) => (await ask(sql, [...values])).map(toRow),
    exec: async (sql) => lastRows(await exec(sql)).map(toRow),
  }
}

const toRow = (row: unknown): Row => Object.values(row as object) as unknown as Row

interface Client {
  ask(sql: string, values: string[]): Promise<readonly unknown[]>
  /** Several statements; answers as the client does. */
  exec(sql: string): Promise<unknown>
}

function clientOf(tx: unknown): Client {
  const { unsafe, query, exec } = ((typeof tx === 'object' && tx !== null) || typeof tx === 'function' ? tx : {}) as Readonly<
    Record<string, unknown>
  >
  if (typeof unsafe === 'function') {
    const ask: Client['ask'] = async (sql, values) => [...((await unsafe.call(tx, sql, values)) as readonly unknown[])]
    return { ask, exec: async (sql) => (await unsafe.call(tx, sql, [])) as unknown }
  }
  if (typeof query === 'function') {
    const ask: Client['ask'] = async (sql, values) => ((await query.call(tx, sql, values)) as { readonly rows: readonly unknown[] }).rows
    // PGlite takes several elsewhere.
    return { ask, exec: async (sql) => (await (typeof exec === 'function' ? exec.call(tx, sql) : query.call(tx, sql, []))) as unknown }
  }
  throw new QuarterjackError(
    'InvalidOption',
    "this transaction is not usable: give the pg client that began it, the transaction of PGlite, or the sql of postgres.js's begin().",
  )
}
