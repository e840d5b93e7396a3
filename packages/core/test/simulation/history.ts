/** What happened in one simulation: violations, and a trace when one is wanted. */

/** What must never happen; `docs/simulation.md` lists them by promise. */
export const INVARIANTS = [
  'slot-ledger',
  'one-run-per-slot',
  'cursor-monotone',
  'audit',
  'counters',
  'one-effective-attempt',
  'fence-grows',
  'stale-settlement',
  'settle-idempotent',
  'terminal-is-final',
  'retries',
  'crash-counter',
  'clean-stop-burns-nothing',
  'trust',
  'overlap',
  'gate-limit',
  'not-before-due',
  'suspended-stands-still',
  'rate-limit',
  'catch-up-bound',
  'misfire-only-when-late',
  'not-retroactive',
  'no-ping-pong',
  'trigger-answered',
  'debounce-one-more',
  'idempotency-key',
  'cancel-holds',
  'finished-after-commit',
  'prune-only-finished',
  'takeover',
  'on-time',
  'alive',
  'stop-bounded',
  'no-leak',
  'unhandled-rejection',
  'lock-exclusive',
  'drained',
] as const

export type Invariant = (typeof INVARIANTS)[number]

export interface Violation {
  readonly invariant: Invariant
  readonly detail: string
  /** Fake seconds since the start. */
  readonly atS: number
}

export interface History {
  readonly violations: readonly Violation[]
  violate(invariant: Invariant, detail: string): void
  /** One line of the trace; made only when there is one. */
  note(who: string, line: () => string): void
}

export function createHistory(now: () => number, trace: ((line: string) => void) | null): History {
  const violations: Violation[] = []
  const stamp = (): string => `${(now() / 1_000).toFixed(3).padStart(9)}`
  return {
    violations,
    violate(invariant, detail) {
      violations.push({ invariant, detail, atS: Math.round(now()) / 1_000 })
      trace?.(`${stamp()} ${'VIOLATION'.padEnd(8)} ${invariant}: ${detail}`)
    },
    note(who, line) {
      trace?.(`${stamp()} ${who.padEnd(8)} ${line()}`)
    },
  }
}
