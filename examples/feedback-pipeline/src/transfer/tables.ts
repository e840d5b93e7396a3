/** What is exported, table by table, and what a line must be to come back. */
import * as z from 'zod'

/** Of a file that cannot be imported; the message names the line. */
export class TransferError extends Error {
  override readonly name = 'TransferError'
}

/** In the order in which they can be filled. */
export const TABLES = ['clusters', 'feedback', 'agent_jobs', 'job_events', 'audit'] as const
export type Table = (typeof TABLES)[number]

/** Row for row as the database writes them; the database itself checks what stands in them. */
export const lineSchema = z.union([
  z.strictObject({ format: z.literal('feedback-pipeline'), version: z.literal(1), exportedAt: z.iso.datetime() }),
  z.strictObject({ table: z.enum(TABLES), row: z.record(z.string(), z.unknown()) }),
])
