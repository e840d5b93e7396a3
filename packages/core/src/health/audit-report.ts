/** What `scheduler.audit()` answers. */

/** One thing that must not be. */
export interface AuditViolation {
  readonly kind:
    | 'missingSlot' // a slot ≤ cursor has no record
    | 'doubledSlot' // a slot has more than one record
    | 'foreignSlot' // a record stands where the schedule has no slot
    | 'slotAfterCursor'
    | 'countMismatch' // slots ≠ retained + folded + skipped
    | 'gateMismatch' // held ≠ holders, or above its limit
    | 'quarantined'
  readonly job: string | null
  readonly schedule: string | null
  readonly slot: string | null
  readonly detail: string
}

/** What was found of one schedule. */
export interface ScheduleAudit {
  readonly job: string
  readonly schedule: string
  readonly cursor: string
  /** Slots enumerated anew and found exactly once. */
  readonly proven: number
  /** Slots at or before the horizon of pruning: only their sum could be checked. */
  readonly attested: number
  readonly runs: number
  readonly skipped: Readonly<Record<string, number>>
}

/** The whole report: plain JSON, instants as ISO 8601. */
export interface AuditReport {
  readonly at: string
  readonly ok: boolean
  readonly schedules: readonly ScheduleAudit[]
  readonly violations: readonly AuditViolation[]
  /** Totals over all schedules. */
  readonly proven: number
  readonly attested: number
  /** False when `limit` stopped the audit early. */
  readonly complete: boolean
}
