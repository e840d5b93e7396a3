/** Looks at the tables themselves, by SQL of the tests' own: what the store says of itself may be wrong. */
import type { FinishedRun, KeptSchedule, SlotEntry, StoreLook } from '@quarterjack/fault-kit/store-look'

/** Asks the store's database. */
export type Query = <Row>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>

const FINISHED = `
  select h.id, j.name as job, h.key, h.state, h.reason, h.slot::float8 as slot, h.fence::float8 as fence, h.attempt, h.crashes
  from quarterjack.history h join quarterjack.jobs j on j.id = h.job_id order by h.sequence`

const SCHEDULES = `
  select s.id::text, j.name as job, (spec::json->>'everyMs')::float8 as "everyMs", (spec::json->>'startAt')::float8 as "startAt",
    s.created_at::float8 as "createdAt", s.cursor::float8 as cursor, s.next_slot::float8 as "nextSlot", s.horizon::float8 as horizon
  from quarterjack.schedules s join quarterjack.jobs j on j.id = s.job_id`

const ENTRIES = `
  select schedule_id::text as schedule, slot::float8 as "from", slot::float8 as "to", 1::float8 as count, null as skipped
  from (select schedule_id, slot, trigger from quarterjack.history union all select schedule_id, slot, trigger from quarterjack.runs) r
  where trigger = 'schedule'
  union all
  select schedule_id::text, from_slot::float8, to_slot::float8, count::float8, reason from quarterjack.skips`

const UNFINISHED = `
  select r.id, j.name as job, r.state, r.slot, r.waits_at, r.attempt, r.crashes, r.suspect, r.began, r.fence, r.run_at - quarterjack.store_now() as due_in,
    o.expires_at - quarterjack.store_now() as lease_left, o.ended_at is not null as owner_ended
  from quarterjack.runs r join quarterjack.jobs j on j.id = r.job_id left join quarterjack.owners o on o.id = r.owner limit 20`

/** The looks of one database. */
export function lookBy(query: Query): StoreLook {
  return {
    finishedRuns: () => query<FinishedRun>(FINISHED),
    schedules: () => query<KeptSchedule>(SCHEDULES),
    entries: async () => Map.groupBy(await query<SlotEntry & { readonly schedule: string }>(ENTRIES), ({ schedule }) => schedule),
    countUnfinished: async () => (await query('select from quarterjack.runs limit 1')).length,
    unfinished: () => query(UNFINISHED),
  }
}
