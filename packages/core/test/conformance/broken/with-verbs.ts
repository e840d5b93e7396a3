/** How a good store is broken: by replacing single verbs. */
import type { LeaseStore } from '../../../src/store/leases.ts'
import type { RunStore } from '../../../src/store/runs.ts'
import type { ScheduleStore } from '../../../src/store/schedules.ts'
import type { Store } from '../../../src/store/store.ts'
import type { BackfillStore } from '../../../src/store/backfills.ts'
import type { WindowStore } from '../../../src/store/windows.ts'

/** A store with one defect, and the case that must find it. */
export interface BrokenStore {
  readonly defect: string
  /** `group: name` of the case that must fail. */
  readonly fails: string
  readonly wrap: (store: Store) => Store
}

/** Replacements for single verbs. */
export interface Verbs {
  readonly schedules?: Partial<ScheduleStore>
  readonly runs?: Partial<RunStore>
  readonly leases?: Partial<LeaseStore>
  readonly windows?: Partial<WindowStore>
  readonly backfills?: Partial<BackfillStore>
}

/** The same store, with some verbs replaced. */
export function withVerbs(store: Store, verbs: Verbs): Store {
  return {
    name: store.name,
    capabilities: store.capabilities,
    open: () => store.open(),
    close: () => store.close(),
    now: () => store.now(),
    watch: (listener) => store.watch(listener),
    schedules: { ...store.schedules, ...verbs.schedules },
    runs: { ...store.runs, ...verbs.runs },
    leases: { ...store.leases, ...verbs.leases },
    windows: { ...windowsOf(store), ...verbs.windows, backfills: { ...windowsOf(store).backfills, ...verbs.backfills } },
  }
}

/** The windows part, which the store must have. */
export function windowsOf({ windows, name }: Store): WindowStore {
  if (windows === undefined) throw new Error(`${name} has no windows`)
  return windows
}

/** The next turn of the event loop: where another process gets in between. */
export function otherTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
