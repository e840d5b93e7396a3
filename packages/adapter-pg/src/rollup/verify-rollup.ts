/** Whether the rows of a rollup are what its source says. */
import { checkedOptions } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import type { Connection } from '../client/sql-client.ts'
import { columnsOf, namesOfSelect } from './columns.ts'
import { arraysOf } from './refresh-windows.ts'
import type { RollupPlan } from './rollup-plan.ts'
import { quoteTable } from '../client/table-name.ts'
import { verifySql } from './verify-sql.ts'
import { type PgAccess, withinClient } from './within-client.ts'

/** A row of the target that is not as it ought to be. Values as Postgres writes them. */
export interface DriftedRow {
  readonly window: Date
  readonly key: Readonly<Record<string, string | null>>
  /** Null: there should be no such row. */
  readonly expected: Readonly<Record<string, string | null>> | null
  /** Null: there is none. */
  readonly found: Readonly<Record<string, string | null>> | null
}

/** What {@link verifyRollup} is to compare. */
export interface VerifyRequest {
  /** Windows of the rollup, as it divides time. */
  readonly windows: readonly { readonly start: Date; readonly end: Date }[]
  /** Rows to answer at most, the oldest windows first. 1 to 10,000. Default 100. */
  readonly limit?: number
}

const requestSchema = z.strictObject({
  windows: z.array(z.object({ start: z.date(), end: z.date() })),
  limit: z._default(z.number().check(z.int(), z.gte(1), z.lte(10_000)), 100),
})

/**
 * Recomputes the given windows of a rollup (of {@link sqlRollup}) in one snapshot, and answers the rows of its target that differ; none:
 * they are right. Writes nothing. A window whose change was committed but not yet refreshed differs, of course: ask about clean ones.
 * Figures in floating point are equal to nine digits, since their sums depend on the order of rows.
 */
export async function verifyRollup(
  access: PgAccess,
  { plan }: { readonly plan: RollupPlan },
  request: VerifyRequest,
): Promise<readonly DriftedRow[]> {
  const { windows, limit } = checkedOptions(requestSchema, request, { what: 'verifyRollup' })
  if (windows.length === 0) return []
  return withinClient(access, 'verifyRollup', (connection) => verifyWithin(connection, plan, { windows, limit }))
}

/** The same on a connection. */
export async function verifyWithin(
  connection: Connection,
  plan: RollupPlan,
  { windows, limit }: Required<VerifyRequest>,
): Promise<readonly DriftedRow[]> {
  const sql = verifySql(plan, await valuesOf(connection, plan))
  const asked = windows.map(({ start, end }) => ({ start, end, removed: true }))
  const [row] = await connection.query(sql, [...arraysOf(asked), String(limit)])
  type Line = readonly [number, DriftedRow['key'], DriftedRow['expected'], DriftedRow['found']]
  const lines = JSON.parse(row?.[0] ?? '[]') as readonly Line[]
  return lines.map(([start, key, expected, found]) => ({ window: new Date(start), key, expected, found }))
}

async function valuesOf(connection: Connection, plan: RollupPlan) {
  const wanted = await namesOfSelect(connection, plan)
  const found = await columnsOf(connection, quoteTable(plan.target))
  const names = wanted.filter((name) => name !== plan.windowColumn && !plan.keys.includes(name))
  return names.map((name) => ({ name, isFloat: /^(?:real|double precision)$/.test(found.get(name) ?? '') }))
}
