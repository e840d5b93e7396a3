/** Fills an empty database from the file that comes with the example, moved to the present. */
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { type Queries, select } from '../db/queries.ts'
import { TABLES } from '../db/schema.ts'
import { startOfDay } from '../db/time.ts'

/** The day that the file speaks of as today. */
export const SEED_TODAY: number = Date.UTC(2026, 2, 2)

export const SHIPPED_ROWS: URL = new URL('../../data/rows.jsonl', import.meta.url)

const lineSchema = z.strictObject({ table: z.enum(TABLES), row: z.record(z.string(), z.unknown()) })

export type SeedLine = z.output<typeof lineSchema>

export async function readSeed(file: string | URL = SHIPPED_ROWS): Promise<readonly SeedLine[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  return lines.map((line) => lineSchema.parse(JSON.parse(line)))
}

/** Milliseconds that were added to every instant and day of the file: whole days, so that what was at noon stays at noon. */
export async function seedDatabase(tx: Queries, at: number, lines?: readonly SeedLine[]): Promise<number> {
  // Replicas that start together seed once.
  await tx.query(`select pg_advisory_xact_lock(3003)`)
  const [seeded] = await select<{ shiftMs: number }>(tx, `select shift_ms as "shiftMs" from gateway.seeded`)
  if (seeded !== undefined) return seeded.shiftMs
  const shiftMs = startOfDay(at) - SEED_TODAY
  const rows = Map.groupBy(lines ?? (await readSeed()), ({ table }) => table)
  for (const table of TABLES) {
    const moved = (rows.get(table) ?? []).map(({ row }) => shiftRow(row, shiftMs))
    await tx.query(`insert into gateway.${table} select * from jsonb_populate_recordset(null::gateway.${table}, $1::jsonb)`, [
      JSON.stringify(moved),
    ])
  }
  await tx.query(`insert into gateway.seeded (shift_ms) values ($1::float8)`, [shiftMs])
  return shiftMs
}

/** The row with its days and instants moved. */
export function shiftRow(row: SeedLine['row'], shiftMs: number): SeedLine['row'] {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, shifted(value, shiftMs)]))
}

function shifted(value: unknown, shiftMs: number): unknown {
  if (typeof value !== 'string') return value
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return new Date(Date.parse(value) + shiftMs).toISOString().slice(0, 10)
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? new Date(Date.parse(value) + shiftMs).toISOString() : value
}
