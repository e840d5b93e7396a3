/**
 * Claimed runs as they are sent, and read by `rows/claimed-runs.ts`: one array per field, which takes a fraction of the time
 * that one array per run does. What most runs do not have stands together in `rests`.
 */

/** Of a claim, as expressions: who claims, the fence of its first run, the instant, how many begin at once, the place of the run from 1. */
export interface Claim {
  readonly owner: string
  readonly fence: string
  readonly now: string
  readonly start: string
  readonly place: string
}

/** The update that gives runs `r` to an owner, up to its `from`. */
export function givenTo({ owner, fence, now, start, place }: Claim): string {
  return /* sql */ `update runs r set
        state = 'running', owner = ${owner}, fence = greatest(${fence} + ${place} - 1, r.fence + 1), attempt = r.attempt + 1,
        began = ${place} <= ${start}, started_at = case when ${place} <= ${start} then ${now} end,
        open = false, settled = null`
}

const hasRest = (
  attempt: number,
): string => /* sql */ `r.gates <> '{}' or r.attempt > ${attempt} or r.suspect or r.merging is not null or r.cancel_requested is not null
            or r.progress is not null or r.replay_of is not null or r.trace is not null or cardinality(r.attempts) > 0`

const isLikeMost = (attempt: number): string => /* sql */ `r.key = '' and r.trigger = 'manual' and r.priority = 0 and r.overlap = 'allow'
        and r.attempt = ${attempt} and r.triggers = 1 and r.schedule is null and r.slot is null and not (${hasRest(attempt)})`

/** The first attempt at a single trigger with nothing but a payload. */
export const IS_LIKE_MOST: string = isLikeMost(1)

/** What will be that once it is claimed. */
export const WILL_BE_LIKE_MOST: string = isLikeMost(0)

/** What an update that claims runs `r` of the job named `job` returns, in the order of `place`. */
export function returnedOf(job: string, place: string): string {
  return /* sql */ `${job} as job, r.id, r.key, r.trigger, r.schedule, r.slot, r.payload, r.priority, r.run_at, r.created_at, r.overlap,
        r.attempt, r.fence, r.triggers, r.began, ${place} as place, ${IS_LIKE_MOST} as is_like_most,
        case when ${hasRest(1)}
          then json_build_array(r.gates, r.failures, r.crashes, r.suspect, r.merging, r.cancel_requested, r.progress, r.error, r.attempts,
            r.replay_of, r.trace)
        end as rest`
}

const COLUMNS = {
  jobs: 'job',
  ids: 'id',
  keys: 'key',
  kinds: 'trigger',
  schedules: 'schedule',
  slots: 'slot',
  payloads: 'payload',
  priorities: 'priority',
  runAts: 'run_at',
  createdAts: 'created_at',
  overlaps: 'overlap',
  attempts: 'attempt',
  fences: 'fence',
  counts: 'triggers',
  rests: 'rest',
} as const

const arraysOf = (columns: Readonly<Record<string, string>>): string =>
  Object.entries(columns)
    .map(([name, column]) => `'${name}', json_agg(t.${column})`)
    .join(', ')

/** The expression for what {@link returnedOf} left in `source`; `now` is the instant at which those that began did so. */
export function claimedColumns(source: string, now: string): string {
  return /* sql */ `(
      select case when count(*) > 0 then json_build_object(${arraysOf(COLUMNS)}, 'began', count(*) filter (where t.began), 'startedAt', ${now}) end
      from (select * from ${source} order by place) t
    )`
}

const { ids, payloads, runAts, createdAts, fences } = COLUMNS

/** What an update returns that claims runs which are like most, as far as can be told: what the others have is read afterwards. */
export function fewReturnedOf(place: string): string {
  return /* sql */ `r.id, r.payload, r.run_at, r.created_at, r.fence, r.began, ${place} as place, ${IS_LIKE_MOST} as is_like_most`
}

/** The expression for what {@link fewReturnedOf} left, as `t`, of runs of one job: what is the same for all is left out. */
export function claimedAlike(job: string, now: string): string {
  return /* sql */ `json_build_object('job', ${job}, ${arraysOf({ ids, payloads, runAts, createdAts, fences })},
      'began', count(*) filter (where t.began), 'startedAt', ${now})`
}

/** The same where `source`, named `x`, has a single row: aggregates of each field take longer than all the rest of a small claim. */
export function claimedAlone(now: string): string {
  const fields = Object.entries(COLUMNS).map(([name, column]) => `'${name}', json_build_array(x.${column})`)
  return /* sql */ `json_build_object(${fields.join(', ')}, 'began', x.began::int, 'startedAt', ${now})`
}
