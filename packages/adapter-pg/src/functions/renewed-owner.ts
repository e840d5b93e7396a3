/** One statement of a claim, before it looks for runs. */
import { claimFenceOf } from './claim-fence.ts'

/** Of a claim, as expressions; `now` is the instant that was given, or null. */
export interface RenewedOwner {
  readonly owner: string
  readonly leaseMs: string
  readonly now: string
  readonly seenFence: string
}

/**
 * The lease of the owner renewed, with a look whether anything has to be seen to first. Reads `v_now` and `v_left`; leaves in `v_jobs` the
 * jobs of the owner, null for a dead one, in `v_fence` where the fences of its claim begin, and in `v_has_chores` what it says.
 */
export function renewedOwner({ owner, leaseMs, now, seenFence }: RenewedOwner): string {
  return /* sql */ `update owners o set expires_at = v_now + ${leaseMs}, fence = ${claimFenceOf(now, seenFence)} + v_left
  where o.id = ${owner} collate "C" and o.ended_at is null and o.expires_at > v_now
  returning o.job_ids, o.fence - v_left, exists (select 1 from trigger_log)
    or exists (select 1 from owners e where e.ended_at is null and e.expires_at <= v_now)
    or exists (select 1 from leases l where l.expires_at <= v_now)
  into v_jobs, v_fence, v_has_chores;`
}
