/** What the calls that took effect say about owners: who may still hold runs. */
import type { ClaimAtOnce } from '../../../src/store/claim-at-once.ts'
import type { ClaimReply, ClaimRequest, RenewReply, RenewRequest } from '../../../src/store/runs.ts'
import type { Commit } from '../faulty-store.ts'

export interface OwnerFacts {
  readonly id: string
  readonly process: string
  /** Store time; the lease is over from here on. */
  expiresAt: number
  left: boolean
  /** Declared hashes, by job. */
  hashes: ReadonlyMap<string, string>
}

export interface OwnersModel {
  take(commit: Commit): void
  get(owner: string): OwnerFacts | undefined
  /** The store may give this owner's runs to others. */
  isOver(owner: string, storeNow: number): boolean
  all(): Iterable<OwnerFacts>
}

export function createOwnersModel(): OwnersModel {
  const owners = new Map<string, OwnerFacts>()

  const claimed = (claim: ClaimAtOnce | undefined, storeNow: number, runs: number): void => {
    const owner = claim === undefined ? undefined : owners.get(claim.owner)
    if (claim === undefined || owner === undefined || owner.left || owner.expiresAt <= storeNow) return
    const until = storeNow + claim.leaseMs
    // A call that claimed nothing may or may not have renewed: the model believes the shorter lease.
    owner.expiresAt = runs > 0 ? until : Math.min(owner.expiresAt, until)
  }

  return {
    take({ process, verb, request, reply, storeNow }) {
      if (verb === 'runs.renew') {
        const { owner: id, leaseMs, jobs } = request as RenewRequest
        if ((reply as RenewReply).status === 'dead') return void owners.set(id, { ...known(id), expiresAt: Number.NEGATIVE_INFINITY })
        const hashes = jobs === undefined ? known(id).hashes : new Map(jobs.map(({ job, hash }) => [job, hash]))
        owners.set(id, { id, process: process.name, expiresAt: storeNow + leaseMs, left: false, hashes })
      } else if (verb === 'runs.claim') {
        const { status, runs } = reply as ClaimReply
        if (status === 'ok') claimed(request as ClaimRequest, storeNow, runs.length)
      } else if (verb === 'schedules.fire' || verb === 'runs.enqueue') {
        claimed((request as { claim?: ClaimAtOnce }).claim, storeNow, claimedIn(reply))
      } else if (verb === 'runs.leave') {
        const owner = owners.get((request as { owner: string }).owner)
        if (owner !== undefined) owner.left = true
      }
    },
    get: (owner) => owners.get(owner),
    isOver(id, storeNow) {
      const owner = owners.get(id)
      return owner === undefined || owner.left || owner.expiresAt <= storeNow
    },
    all: () => owners.values(),
  }

  function known(id: string): OwnerFacts {
    return owners.get(id) ?? { id, process: '?', expiresAt: Number.NEGATIVE_INFINITY, left: false, hashes: new Map() }
  }
}

function claimedIn(reply: unknown): number {
  return claimsOf(reply).length
}

/** Every claimed run in a reply of `claim`, `fire` or `enqueue`. */
export function claimsOf(reply: unknown): readonly import('../../../src/store/runs.ts').ClaimedRun[] {
  const { runs, replies } = reply as { runs?: readonly never[]; replies?: readonly { claimed?: never; runs?: readonly { claimed?: never }[] }[] }
  if (runs !== undefined) return runs
  return (replies ?? []).flatMap((one) => [one.claimed ?? [], ...(one.runs ?? []).map((run) => run.claimed ?? [])].flat())
}
