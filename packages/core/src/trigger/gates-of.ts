/** Which gates a run must hold while it executes. */
import type { JobPolicy } from '../job/job.ts'
import type { OverlapPolicy } from '../store/records.ts'
import { jobGate, keyGate, mutexGate } from '../store/gates.ts'

/** Gate names in the order they are taken. `overlap` is that of a slot where the run is a slot's. */
export function gatesOf(policy: JobPolicy, key: string, overlap: OverlapPolicy = policy.overlap): readonly string[] {
  const gates: string[] = []
  if (policy.concurrency !== null) gates.push(jobGate(policy.name))
  if (overlap !== 'allow') gates.push(keyGate(policy.name, key))
  if (policy.mutex !== null) gates.push(mutexGate(policy.mutex))
  return gates.sort()
}
