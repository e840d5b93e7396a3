/** History, schedules and what else gathers, by the hundred thousand: in bulk, as the store would have left it. */
import type { Store } from '@quarterjack/core/store'

/** The store's clock while tables are filled and looked at: every verb is given it. */
export const NOW = 2_000_000_000_000

/** Finished runs per key of `sync` and of `report`; two succeeded, the others ended in one way each. */
const RUNS_PER_KEY = 5
const HOUR_MS = 3_600_000

/** Jobs whose rows grow, and one that stays as it is, without keys. */
export const JOBS = ['sync', 'report', 'plain'] as const

/** As a key is named; keys of schedules too. */
export const keyOf = (n: number): string => `k${String(n).padStart(6, '0')}`

const key = `'k' || lpad(k::text, 6, '0')`
const state = `(array['succeeded', 'succeeded', 'dead', 'cancelled', 'skipped'])[1 + (j + k) % ${RUNS_PER_KEY}]`
const finishedAt = `${NOW} - ${RUNS_PER_KEY} * ${HOUR_MS} + j * ${HOUR_MS} + k % ${HOUR_MS}`

const HISTORY = /* sql */ `
insert into history (id, sequence, job_id, key, state, trigger, schedule_id, schedule, slot, payload, priority, run_at, created_at, started_at,
  finished_at, overlap, gates, attempt, failures, crashes, suspect, fence, triggers, reason, result, error, attempts, settled, ending, owner)`

const rest = (overlap: string, gates: string): string => /* sql */ `
  0, f.at - 50, f.at - 60, case when f.state <> 'skipped' then f.at - 40 end, f.at, '${overlap}', ${gates},
  (f.state <> 'skipped')::int, (f.state = 'dead')::int, 0, false, case when f.state = 'skipped' then 0 else f.at * 1000 end, 1,
  case f.state when 'dead' then 'failed' when 'skipped' then 'overlap' when 'cancelled' then 'by hand' end,
  case f.state when 'succeeded' then '{"rows":42}' end,
  case f.state when 'dead' then '{"name":"Error","message":"the other side said no","stack":null}'::json end, '{}',
  case f.state when 'succeeded' then 'succeeded/succeeded' when 'dead' then 'failed/dead' end,
  case f.state when 'succeeded' then 'succeeded' when 'dead' then 'failed' end, 'o1'`

/** Ids of slots are hashes: they come in any order. */
const scheduled = (from: number, to: number): string => /* sql */ `
${HISTORY}
select md5('sync/' || f.k || '/' || f.j), nextval('run_sequence'), s.job_id, s.key, f.state, 'schedule', s.id, s.name, s.cursor - (${RUNS_PER_KEY - 1} - f.j) * ${HOUR_MS},
  null, ${rest('skip', `array['key:sync/' || s.key]`)}
from (
  select j, k, ${key} as key, ${state} as state, ${finishedAt} as at
  from generate_series(0, ${RUNS_PER_KEY - 1}) j cross join generate_series(${from}, ${to - 1}) k order by j, k
) f join schedules s on s.job_id = (select id from jobs where name = 'sync') and s.name = f.key`

/** Ids of triggers sort by creation. */
const triggered = (job: string, from: number, to: number, keyed: string): string => /* sql */ `
${HISTORY}
select '0197' || lpad(to_hex(${job === 'plain' ? 0 : 1_000_000_000} + f.k * ${RUNS_PER_KEY} + f.j), 28, '0'), nextval('run_sequence'), b.id, ${keyed}, f.state,
  'manual', null, null, null, '{"days":7}', ${rest('allow', `'{}'`)}
from (
  select j, k, ${key} as key, ${state} as state, ${finishedAt} as at
  from generate_series(0, ${RUNS_PER_KEY - 1}) j cross join generate_series(${from}, ${to - 1}) k order by j, k
) f cross join jobs b where b.name = '${job}'`

/** One of each per key. */
const besides = (from: number, to: number): string => /* sql */ `
insert into skips (schedule_id, job_id, key, reason, from_slot, to_slot, count, spec_generation, finished_at)
select s.id, s.job_id, s.key, 'misfire', s.cursor - 20 * ${HOUR_MS}, s.cursor - 10 * ${HOUR_MS}, 11, 1, ${NOW} - 10 * ${HOUR_MS}
from generate_series(${from}, ${to - 1}) k join schedules s on s.job_id = (select id from jobs where name = 'sync') and s.name = ${key};
insert into gates (name, "limit", used_at) select 'key:sync/' || ${key}, 1, ${NOW} from generate_series(${from}, ${to - 1}) k;
insert into idempotency (job_id, key, run_id, expires_at)
select j.id, md5(k::text), '0197' || lpad(to_hex(1000000000 + k * ${RUNS_PER_KEY}), 28, '0'), ${NOW} + 10 * ${HOUR_MS} + k
from generate_series(${from}, ${to - 1}) k cross join jobs j where j.name = 'report';
insert into absorbed (request_id, outcome, run_id, at) select md5('absorbed/' || k), 'coalesced', md5(k::text), ${NOW} from generate_series(${from}, ${to - 1}) k;
insert into gates (name, "limit", used_at) select 'mutex:' || ${key}, 1, ${NOW} from generate_series(${from}, ${to - 1}) k;
insert into owners (id, expires_at, ended_at, fence) select 'ended' || k, ${NOW}, ${NOW}, ${NOW} from generate_series(${from}, ${to - 1}, 1000) k;
insert into debounces (job_id, key, window_run_id, window_ends_at)
select j.id, ${key}, md5(k::text), ${NOW} + 10 * ${HOUR_MS} from generate_series(${from}, ${to - 1}) k cross join jobs j where j.name = 'report';`

/** Statements; the keys from `from` to below `to` must have schedules. */
export function fillStatements(from: number, to: number): readonly string[] {
  const first = from > 0 ? [] : [triggered('plain', 0, 100, `''`), PRUNED]
  return [scheduled(from, to), triggered('report', from, to, 'f.key'), besides(from, to), ...first]
}

/** Retention has seen everything, by the rule of {@link KEEP}. */
const PRUNED = /* sql */ `update jobs set pruned_to = ${NOW} - 5000, spared_from = ${NOW} - 5000, pruned_by = case name when 'plain' then '200/100' else '2/1' end`

/** Rules under which what was filled in is kept, and what ends later is too much. */
export const KEEP: Parameters<Store['runs']['prune']>[0]['rules'] = JOBS.map((job) =>
  job === 'plain' ? { job, succeeded: 200, dead: 100, forMs: 90 * 86_400_000 } : { job, succeeded: 2, dead: 1, forMs: 90 * 86_400_000 },
)

const AT_ONCE = 5_000
const SPEC = '{"anchorAt":0,"everyMs":60000,"kind":"every"}'

/** Of the first `busy` keys a slot is due every minute, beginning now; of the others none for a day. */
export async function fillSchedules(
  store: Store,
  { from, to, busy }: { readonly from: number; readonly to: number; readonly busy: number },
): Promise<void> {
  for (let start = from; start < to; start += AT_ONCE) {
    const schedules = Array.from({ length: Math.min(AT_ONCE, to - start) }, (_, index) => {
      const n = start + index
      const nextSlot = n < busy ? NOW : NOW + 86_400_000 + (n % 3_600) * 1_000
      return {
        job: 'sync',
        name: keyOf(n),
        key: keyOf(n),
        incarnation: `i${n}`,
        spec: SPEC,
        payload: null,
        asOf: NOW - 60_000,
        nextSlot,
        nextDueAt: nextSlot,
      }
    })
    await store.schedules.set({ schedules, now: NOW })
  }
}
