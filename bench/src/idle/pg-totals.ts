/** Transactions of a database, asked from another one, so that the question does not count itself. */
import { Client } from 'pg'
import type { ReadTotals } from './totals.ts'

export async function pgTotals(url: string): Promise<ReadTotals> {
  const own = new URL(url)
  const database = own.pathname.slice(1)
  own.pathname = '/postgres'
  const client = new Client({ connectionString: own.href })
  await client.connect()
  return async () => {
    const { rows } = await client.query<{ sum: string }>(
      'select (xact_commit + xact_rollback)::text as sum from pg_stat_database where datname = $1',
      [database],
    )
    return { transactionsPerS: Number(rows[0]?.sum) }
  }
}
