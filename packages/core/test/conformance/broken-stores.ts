/** Deliberately broken stores: each has one defect, which the suite must find. */
import { BROKEN_LEASES } from './broken/leases.ts'
import { BROKEN_BACKFILLS } from './broken/backfills.ts'
import { BROKEN_MARKS } from './broken/marks.ts'
import { BROKEN_OWNERS } from './broken/owners.ts'
import { BROKEN_REFRESHES } from './broken/refreshes.ts'
import { BROKEN_RUNS } from './broken/runs.ts'
import { BROKEN_SCHEDULES } from './broken/schedules.ts'
import { withVerbs, type BrokenStore } from './broken/with-verbs.ts'

/** The store's clock decides alone: `now` is dropped from every verb that the engine's loop uses. */
const CLOCK_IGNORED: BrokenStore = {
  defect: 'the given instant is ignored',
  fails: 'due: a schedule is due from nextDueAt on, not before',
  wrap: (store) =>
    withVerbs(store, {
      schedules: {
        register: ({ registrations }) => store.schedules.register({ registrations }),
        due: ({ owner, limit }) => store.schedules.due({ owner, limit }),
        fire: ({ firings, claim }) => store.schedules.fire({ firings, claim }),
        set: ({ schedules }) => store.schedules.set({ schedules }),
      },
      runs: {
        enqueue: ({ requests, claim, tx }) => store.runs.enqueue({ requests, claim, tx }),
        claim: ({ now: _, ...request }) => store.runs.claim(request),
        renew: ({ now: _, ...request }) => store.runs.renew(request),
        settle: ({ owner, settlements }) => store.runs.settle({ owner, settlements }),
      },
    }),
}

export const BROKEN_STORES: readonly BrokenStore[] = [
  CLOCK_IGNORED,
  ...BROKEN_SCHEDULES,
  ...BROKEN_RUNS,
  ...BROKEN_OWNERS,
  ...BROKEN_LEASES,
  ...BROKEN_MARKS,
  ...BROKEN_REFRESHES,
  ...BROKEN_BACKFILLS,
]
