/** The check of the gates: pure. */
import { jobGate, keyGate } from '../store/gates.ts'
import type { GateRecord } from '../store/runs.ts'
import type { AuditViolation } from './audit-report.ts'

/** Every gate must be held by as many as really hold it, and by no more than its limit. */
export function checkGates(gates: readonly GateRecord[]): readonly AuditViolation[] {
  return gates.flatMap(({ gate, held, holders, limit }) => {
    const told = `gate "${gate}" counts ${held} of ${limit} as held`
    if (held !== holders) return [violation(gate, `${told}, but ${holders} runs and leases hold it`)]
    if (held > limit) return [violation(gate, `${told}; if its limit was lowered while they ran, this ends with them`)]
    return []
  })
}

/** True for the gates of the job itself and of its keys. A mutex belongs to no job. */
export function isGateOf(job: string, gate: string): boolean {
  return gate === jobGate(job) || gate.startsWith(keyGate(job, ''))
}

function violation(gate: string, detail: string): AuditViolation {
  return { kind: 'gateMismatch', job: jobOf(gate), schedule: null, slot: null, detail }
}

/** Job names hold no slash; keys may. */
function jobOf(gate: string): string | null {
  const [, job] = /^(?:job:|key:)([^/]*)/.exec(gate) ?? []
  return job ?? null
}
