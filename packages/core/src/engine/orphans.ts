/** Finds claims whose reply was lost: leased to this process, which does not know of them, so that nobody executes them. */
import type { Logger } from '../observe/logger.ts'
import { giveBack, type AdoptDeps } from './adopt.ts'
import type { Holdings } from './holdings.ts'
import type { Owner } from './owner.ts'
import type { StoreLink } from './store-link.ts'

export interface OrphansDeps {
  readonly link: StoreLink
  readonly owner: Owner
  readonly holdings: Holdings
  readonly logger: Logger
  readonly giveBack: Pick<AdoptDeps, 'settler' | 'logger'>
}

/** What this process held when it asked for a renewal. */
export interface Census {
  readonly leased: number
  readonly settling: number
  readonly isQuiet: boolean
  readonly reservations: number
}

export interface Orphans {
  /** To be taken before a renewal is asked. */
  count(): Census
  /** The renewal was answered: the store has leased `held` runs to this process. Looks for orphans if there may be any. Never rejects. */
  compare(census: Census, held: number): Promise<void>
}

/** Doubt gathers with each renewal that proves nothing, faster when there is a reason; at this much the store is asked. */
const ENOUGH = 6
const SURPLUS = 3

export function createOrphans(deps: OrphansDeps): Orphans {
  const { link, owner, holdings } = deps
  let doubt = 0
  let isSearching = false
  /** Runs that nobody here knows, by run and fence: how many calls that may claim there had been when they were first seen. */
  let candidates = new Map<string, number>()

  /** A call under way may have claimed what the store lists: such a run is an orphan when all those calls were answered or given up, however long that takes. */
  const search = async (): Promise<void> => {
    const { runs } = await link.call('runs.held', (store) => store.runs.held({ owner: owner.id }))
    const known = new Set(Array.from(holdings.all(), ({ record }) => `${record.id}/${record.fence}`))
    const unknown = new Map<string, number>()
    for (const { id, fence } of runs) {
      if (known.has(`${id}/${fence}`)) continue
      const seenAfter = candidates.get(`${id}/${fence}`) ?? holdings.reservations
      if (holdings.oldestReservation > seenAfter) void giveBack(id, fence, deps.giveBack)
      else unknown.set(`${id}/${fence}`, seenAfter)
    }
    candidates = unknown
  }

  return {
    count: () => ({
      leased: holdings.leased,
      settling: holdings.count('settling'),
      isQuiet: !holdings.claiming,
      reservations: holdings.reservations,
    }),
    async compare(census, held) {
      const wasQuiet = census.isQuiet && holdings.reservations === census.reservations
      if (wasQuiet && census.settling === 0 && held <= census.leased) {
        doubt = 0
        candidates.clear()
        holdings.takeDoubt()
        return
      }
      doubt += holdings.takeDoubt() ? ENOUGH : held > census.leased ? SURPLUS : 1
      if (isSearching || (doubt < ENOUGH && candidates.size === 0)) return
      doubt = 0
      isSearching = true
      try {
        await search()
      } catch (error) {
        doubt = ENOUGH
        deps.logger.warn({ err: error }, 'the store could not tell what it has leased to this process; it is asked again')
      } finally {
        isSearching = false
      }
    },
  }
}
