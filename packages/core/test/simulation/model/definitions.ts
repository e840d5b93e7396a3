/** What the calls that took effect say about definitions: which hash is current, and which were replaced. */
import type { Registration, RegistrationReply } from '../../../src/store/schedules.ts'
import type { Commit } from '../faulty-store.ts'
import type { History } from '../history.ts'
import type { OwnersModel } from './owners.ts'

export interface DefinitionsModel {
  take(commit: Commit): void
}

interface Facts {
  readonly current: string
  readonly superseded: ReadonlySet<string>
  /** A live process declared the current hash. */
  readonly isDeclared: boolean
}

export function createDefinitionsModel(deps: { readonly history: History; readonly owners: () => OwnersModel }): DefinitionsModel {
  const current = new Map<string, string>()
  const superseded = new Map<string, Set<string>>()
  /** What was so when a process last loaded the definitions; late replies may make it plan by an older load. */
  const loads = new Map<string, readonly ReadonlyMap<string, Facts>[]>()

  const look = (storeNow: number): ReadonlyMap<string, Facts> => {
    const live = [...deps.owners().all()].filter(({ id }) => !deps.owners().isOver(id, storeNow))
    return new Map(
      [...current].map(([job, hash]) => [
        job,
        { current: hash, superseded: new Set(superseded.get(job)), isDeclared: live.some(({ hashes }) => hashes.get(job) === hash) },
      ]),
    )
  }

  /** A hash that was replaced wins again only when no live process declares its successor (engine rule 4). */
  const judge = ({ job, hash }: Registration, process: string): void => {
    const seen = (loads.get(process) ?? []).map((load) => load.get(job))
    const mayWin = seen.some((facts) => facts === undefined || facts.current === hash || !facts.superseded.has(hash) || !facts.isDeclared)
    if (seen.length > 0 && !mayWin)
      deps.history.violate('no-ping-pong', `${job}: ${process} brought ${hash} back, although ${current.get(job)} is declared`)
  }

  return {
    take({ process, verb, request, reply, storeNow }) {
      if (verb === 'schedules.load') loads.set(process.name, [look(storeNow), ...(loads.get(process.name) ?? []).slice(0, 2)])
      if (verb !== 'schedules.register') return
      const { registrations } = request as { registrations: readonly Registration[] }
      ;(reply as { replies: readonly RegistrationReply[] }).replies.forEach(({ status }, index) => {
        const registration = registrations[index]
        if (status !== 'registered' || registration === undefined) return
        const former = current.get(registration.job)
        if (former === registration.hash) return
        if (former !== undefined) {
          judge(registration, process.name)
          superseded.set(registration.job, new Set([...(superseded.get(registration.job) ?? []), former]))
        }
        superseded.get(registration.job)?.delete(registration.hash)
        current.set(registration.job, registration.hash)
      })
    },
  }
}
