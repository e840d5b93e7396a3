/** Everything as lines of JSON, of one instant. */
import type { Database } from '../db/open-database.ts'
import { select } from '../db/queries.ts'
import { TABLES } from './tables.ts'

/** A header, then the rows in the order in which they can be filled again. */
export function exportLines(db: Database): Promise<readonly string[]> {
  return db.transaction(async (tx) => {
    // All tables as they were at the same instant.
    await tx.query('set transaction isolation level repeatable read, read only')
    const [clock] = await select<{ at: string }>(tx, `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`)
    const lines = [JSON.stringify({ format: 'feedback-pipeline', version: 1, exportedAt: clock?.at })]
    for (const table of TABLES) {
      const rows = await select<{ row: unknown }>(tx, `select to_jsonb(t) as row from pipeline.${table} t order by 1`)
      for (const { row } of rows) lines.push(JSON.stringify({ table, row }))
    }
    return lines
  })
}
