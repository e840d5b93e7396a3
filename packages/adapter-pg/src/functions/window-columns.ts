/** What functions of the windows part have in common: who holds a window, and records as JSON. Parts of statements. */

/**
 * Whether the run that took window `w` still runs under its fence: true, or null. The state is no condition, so that no plan
 * made while there were few runs looks for it among all that run.
 */
export const heldBy = (w: string): string =>
  `(select case h.state when 'running' then true end from runs h where h.id = ${w}.run_id and h.fence = ${w}.fence limit 1)`

/** Whether nobody holds window `w`. */
export const isFree = (w: string): string => `(${w}.run_id is null or ${heldBy(w)} is null)`

/** Nothing about window `w` is exceptional any more; `watermark` is that of its rollup. */
export const isPlain = (w: string, watermark: string): string =>
  `${w}.run_id is null and ${w}.dirty_since is null and ${w}.suspect is null and ${w}.backfill_id is null
      and (${w}.end_at <= ${watermark} or not (${w}.complete or ${w}.refreshed_at is not null))`

/** The window as the contract's record. */
export const windowJson = (w: string, rollup: string): string => /* sql */ `(
      select json_build_object('rollup', ${rollup}, 'start', ${w}.start_at, 'end', ${w}.end_at, 'seq', ${w}.seq, 'dirtySince', ${w}.dirty_since,
        'removed', ${w}.removed, 'complete', ${w}.complete, 'refreshedAt', ${w}.refreshed_at, 'attempts', ${w}.attempts, 'error', ${w}.error,
        'retryAt', ${w}.retry_at, 'suspect', ${w}.suspect, 'backfill', ${w}.backfill_id,
        'runId', case when n.held then ${w}.run_id end, 'fence', case when n.held then ${w}.fence else 0 end)
      from (select case when ${w}.run_id is not null then ${heldBy(w)} end as held) n)`

/** The rollup as the contract's record. */
export const rollupJson = (
  u: string,
): string => /* sql */ `json_build_object('rollup', ${u}.name, 'generation', ${u}.generation, 'hash', ${u}.hash,
        'sources', array_to_json(${u}.sources), 'edges', ${u}.edges, 'policy', ${u}.policy, 'startAt', ${u}.start_at, 'watermark', ${u}.watermark,
        'sealed', (select json_build_object('marks', s.marks, 'from', s.from_at, 'to', s.to_at, 'lastAt', s.last_at)
          from sealed_marks s where s.rollup_id = ${u}.id limit 1),
        'pace', ${u}.pace)`

/** The backfill as the contract's record. */
export const backfillJson = (b: string, rollup: string): string => /* sql */ `json_build_object('id', ${b}.id, 'rollup', ${rollup},
      'from', ${b}.from_at, 'to', ${b}.to_at, 'select', ${b}."select", 'order', ${b}."order", 'concurrency', ${b}.concurrency, 'state', ${b}.state,
      'reason', ${b}.reason, 'cursor', ${b}.cursor, 'exhausted', ${b}.exhausted, 'windows', ${b}.windows, 'stamped', ${b}.stamped,
      'done', ${b}.done, 'failed', ${b}.failed, 'createdAt', ${b}.created_at, 'finishedAt', ${b}.finished_at)`
