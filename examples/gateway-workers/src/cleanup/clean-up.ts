/** Monthly: deletes what is too old, and says how much of what. */
import { change, iso, type Queries } from '../db/queries.ts'
import { planRetention } from './plan-retention.ts'

export async function cleanUp(db: Queries, at: number): Promise<Readonly<Record<string, number>>> {
  const deleted: Record<string, number> = {}
  for (const { table, column, before } of planRetention(at)) {
    deleted[table] = await change(db, `delete from gateway.${table} where ${column} < $1::timestamptz returning 1`, [iso(before)])
  }
  return deleted
}
