/** What is too old to be kept. Pure. */
import { DAY_MS } from '../db/time.ts'

export interface RetentionRule {
  readonly table: string
  readonly column: string
  readonly days: number
}

/** Counts outlive the events that they were made of. */
export const RETENTION: readonly RetentionRule[] = [
  { table: 'sessions', column: 'expires_at', days: 0 },
  { table: 'events', column: 'at', days: 90 },
  { table: 'analytics_hourly', column: 'hour', days: 60 },
  { table: 'outbox', column: 'queued_at', days: 180 },
  { table: 'credit_ledger', column: 'day', days: 365 },
]

/** Rows older than the instant go. */
export function planRetention(at: number): readonly { readonly table: string; readonly column: string; readonly before: number }[] {
  return RETENTION.map(({ table, column, days }) => ({ table, column, before: at - days * DAY_MS }))
}
