/** Which gates a run must hold while it executes. */
import type { JobPolicy } from '../job/job.ts'
import { jobGate, keyGate, mutexGate } from '../store/gates.ts'

/** Gate names in the order they are taken. */
export function gatesOf(policy: JobPolicy, key: string): readonly string[] {
  const gates: string[] = []
  if (policy.concurrency !== null) gates.push(jobGate(policy.name))
  if (policy.overlap !== 'allow') gates.push(keyGate(policy.name, key))
  if (policy.mutex !== null) gates.push(mutexGate(policy.mutex))
  return gates.sort()
}
