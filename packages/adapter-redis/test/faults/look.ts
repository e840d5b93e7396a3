/** Looks at what the store keeps, in the words of its contract. */
import type { RunRecord, ScheduleRecord, Store } from '@quarterjack/core/store'
import { allSchedules } from '@quarterjack/fault-kit/all-schedules'
import type { KeptSchedule, SlotEntry, StoreLook } from '@quarterjack/fault-kit/store-look'

const PAGE = 1_000

/** The looks of one store, which has runs of these jobs. */
export function lookBy(store: Store, jobs: readonly string[]): StoreLook {
  return {
    finishedRuns: async () => (await allRuns(store)).filter(({ finishedAt }) => finishedAt !== null),
    schedules: async () => (await allSchedules(store)).map(keptSchedule),
    async entries() {
      const found = new Map<string, readonly SlotEntry[]>()
      for (const schedule of await allSchedules(store)) found.set(idOf(schedule), await entriesOf(store, schedule))
      return found
    },
    async countUnfinished() {
      const { jobs: found } = await store.runs.stats({ jobs })
      return found.reduce((sum, { pending, waiting, running }) => sum + pending + waiting + running, 0)
    },
    unfinished: async () => (await store.runs.find({ states: ['pending', 'waiting', 'running'], limit: 20 })).runs,
  }
}

function idOf({ job, name }: ScheduleRecord): string {
  return `${job} ${name}`
}

function keptSchedule(schedule: ScheduleRecord): KeptSchedule {
  const { job, spec, createdAt, cursor, nextSlot, horizon } = schedule
  const { everyMs, startAt = null } = JSON.parse(spec) as { readonly everyMs: number; readonly startAt?: number | null }
  return { id: idOf(schedule), job, everyMs, startAt, createdAt, cursor, nextSlot, horizon }
}

async function entriesOf(store: Store, { job, name }: ScheduleRecord): Promise<readonly SlotEntry[]> {
  const entries: SlotEntry[] = []
  let after: number | null = null
  for (;;) {
    const page = await store.schedules.ledger({ job, name, after, limit: PAGE })
    entries.push(...page.runs.map(({ slot }) => ({ from: slot, to: slot, count: 1, skipped: null })))
    entries.push(...page.skips.map(({ from, to, count, reason }) => ({ from, to, count: count ?? 0, skipped: reason })))
    if (!page.more) return entries
    after = Math.max(...entries.map(({ to }) => to))
  }
}

async function allRuns(store: Store): Promise<readonly RunRecord[]> {
  const found: RunRecord[] = []
  for (;;) {
    const last = found.at(-1)
    const { runs } = await store.runs.find({ limit: PAGE, ...(last === undefined ? {} : { after: last.id }) })
    found.push(...runs)
    if (runs.length < PAGE) return found
  }
}
