/** Lines of an export → rows: all of them, or none. What is there already stays as it is. */
import type { Database } from '../db/open-database.ts'
import { change } from '../db/queries.ts'
import { recordAudit } from '../follow/audit.ts'
import { lineSchema, TABLES, type Table, TransferError } from './tables.ts'

export interface Imported {
  /** How many rows are new, by table. */
  readonly rows: Readonly<Record<Table, number>>
}

export interface ImportedBy {
  readonly actor: string
  readonly requestId: string
  readonly at: number
}

/** Rows per statement. */
const CHUNK = 500

/** Reads it as a whole before anything is written. Throws {@link TransferError}. */
export function parseExport(text: string): ReadonlyMap<Table, readonly object[]> {
  const rows = new Map<Table, object[]>(TABLES.map((table) => [table, []]))
  const lines = text.split('\n').map((line) => line.trim())
  let isHeaded = false
  for (const [index, line] of lines.entries()) {
    if (line === '') continue
    const parsed = lineSchema.safeParse(jsonOf(line))
    if (!parsed.success) throw new TransferError(`Line ${index + 1} is not part of an export.`)
    if ('table' in parsed.data !== isHeaded) throw new TransferError(`Line ${index + 1}: an export begins with its header, and has one.`)
    isHeaded = true
    if ('table' in parsed.data) rows.get(parsed.data.table)?.push(parsed.data.row)
  }
  if (!isHeaded) throw new TransferError('The body is empty: send what GET /export answered.')
  return rows
}

/**
 * Fixes that were under way come back as failed: their runs are not part of an export. So they are dead letters, and can be started again.
 */
export async function importLines(db: Database, text: string, { actor, requestId, at }: ImportedBy): Promise<Imported> {
  const rows = parseExport(text)
  return db
    .transaction(async (tx) => {
      const counts: Record<Table, number> = { clusters: 0, feedback: 0, agent_jobs: 0, job_events: 0, audit: 0 }
      for (const table of TABLES) {
        const all = (rows.get(table) ?? []).map((row) => (table === 'clusters' || table === 'agent_jobs' ? atRest(row) : row))
        for (let from = 0; from < all.length; from += CHUNK) {
          counts[table] += await change(
            tx,
            `insert into pipeline.${table} select * from jsonb_populate_recordset(null::pipeline.${table}, $1::jsonb)
             on conflict do nothing returning 1 as new`,
            [JSON.stringify(all.slice(from, from + CHUNK))],
          )
        }
      }
      await recordAudit(tx, at, [{ actor, action: 'data.imported', subject: 'data', requestIds: [requestId], details: counts }])
      return { rows: counts }
    })
    .catch((error: unknown) => {
      // Classes 22 and 23: what stands in the rows, not the database, is at fault.
      const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
      if (/^2[23]/.test(code)) throw new TransferError(`The rows do not fit: ${error instanceof Error ? error.message : code}.`)
      throw error
    })
}

function atRest(row: object): object {
  const { status } = row as { status?: unknown }
  if (status === 'fixing') return { ...row, status: 'open' }
  return status === 'queued' || status === 'running' ? { ...row, status: 'failed', error: 'it was under way when it was exported' } : row
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
