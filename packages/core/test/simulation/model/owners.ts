/** What the calls that took effect say about owners: who may still hold runs. */
import type { ClaimAtOnce, ClaimedRun } from '../../../src/store/claim-at-once.ts'
import type { ClaimReply, ClaimRequest, RenewReply, RenewRequest } from '../../../src/store/runs.ts'
import type { Commit } from '../faulty-store.ts'
import type { History } from '../history.ts'

const NEVER = Number.NEGATIVE_INFINITY

export interface OwnerFacts {
  readonly id: string
  readonly process: string
  /** Store time; the lease may be over from here on, and is over for sure from `latestAt` on: idle owners get more. */
  expiresAt: number
  latestAt: number
  left: boolean
  /** Its lease was over when others could take its runs: it stays over, even if the clock goes back. */
  mayHaveEnded: boolean
  /** Declared hashes, by job. */
  hashes: ReadonlyMap<string, string>
}

export interface OwnersModel {
  take(commit: Commit): void
  get(owner: string): OwnerFacts | undefined
  /** The store may give this owner's runs to others. */
  isOver(owner: string, storeNow: number): boolean
  /** The store must not give anything to this owner. */
  isSurelyOver(owner: string, storeNow: number): boolean
  all(): Iterable<OwnerFacts>
}

export function createOwnersModel(history: History): OwnersModel {
  const owners = new Map<string, OwnerFacts>()

  /** A claim is a renewal too, whether it claimed anything or not. */
  const claimed = (claim: ClaimAtOnce | undefined, storeNow: number): void => {
    const owner = claim === undefined ? undefined : owners.get(claim.owner)
    if (claim === undefined || owner === undefined || owner.left || owner.latestAt <= storeNow) return
    // In between nobody but the store knows.
    if (owner.expiresAt > storeNow) owner.expiresAt = storeNow + claim.leaseMs
    owner.latestAt = storeNow + claim.leaseMs
  }

  return {
    take({ process, verb, request, reply, storeNow }) {
      if (verb === 'runs.renew' || verb === 'runs.claim') {
        for (const owner of owners.values()) {
          if (owner.expiresAt <= storeNow) owner.mayHaveEnded = true
          if (owner.latestAt <= storeNow) owner.left = true
        }
      }
      if (verb === 'runs.renew') {
        const { owner: id, leaseMs, idleMs = 0, jobs } = request as RenewRequest
        if ((reply as RenewReply).status === 'dead') return void owners.set(id, { ...known(id), expiresAt: NEVER, latestAt: NEVER })
        if (owners.get(id)?.left === true)
          history.violate('one-effective-attempt', `owner ${id} of ${process.name} was revived after its end`)
        const hashes = jobs === undefined ? known(id).hashes : new Map(jobs.map(({ job, hash }) => [job, hash]))
        const expiresAt = storeNow + leaseMs
        owners.set(id, {
          id,
          process: process.name,
          expiresAt,
          latestAt: expiresAt + ((reply as RenewReply).held === 0 ? idleMs : 0),
          left: false,
          mayHaveEnded: false,
          hashes,
        })
      } else if (verb === 'runs.claim') {
        if ((reply as ClaimReply).status === 'ok') claimed(request as ClaimRequest, storeNow)
      } else if (verb === 'schedules.fire' || verb === 'runs.enqueue') {
        claimed((request as { claim?: ClaimAtOnce }).claim, storeNow)
      } else if (verb === 'runs.leave') {
        const owner = owners.get((request as { owner: string }).owner)
        if (owner !== undefined) owner.left = true
      }
    },
    get: (owner) => owners.get(owner),
    isOver(id, storeNow) {
      const owner = owners.get(id)
      return owner === undefined || owner.left || owner.mayHaveEnded || owner.expiresAt <= storeNow
    },
    isSurelyOver(id, storeNow) {
      const owner = owners.get(id)
      return owner === undefined || owner.left || owner.latestAt <= storeNow
    },
    all: () => owners.values(),
  }

  function known(id: string): OwnerFacts {
    return owners.get(id) ?? { id, process: '?', expiresAt: NEVER, latestAt: NEVER, left: false, mayHaveEnded: false, hashes: new Map() }
  }
}

/** Every claimed run in a reply of `claim`, `fire` or `enqueue`. */
export function claimsOf(reply: unknown): readonly ClaimedRun[] {
  const { runs, replies } = reply as {
    runs?: readonly never[]
    replies?: readonly { claimed?: never; runs?: readonly { claimed?: never }[] }[]
  }
  if (runs !== undefined) return runs
  return (replies ?? []).flatMap((one) => [one.claimed ?? [], ...(one.runs ?? []).map((run) => run.claimed ?? [])].flat())
}
