/** Unfinished runs of one (job, key), by index. */

/**
 * A subquery over the rows of `runs` of a job and key, given as expressions, that match `filter` (on alias `r`). Runs with
 * neither key nor gates are not in the index of keys: they never wait, so they stand in the line of their job or of an owner.
 */
export function aliveRuns(job: string, key: string, filter: string): string {
  return /* sql */ `(
    select r.* from runs r
    where r.job_id = ${job} and r.key = ${key} and (r.key <> '' or r.gates <> '{}') and (${filter})
    union all
    select r.* from runs r
    where ${key} = '' and r.owner = '' and r.job_id = ${job} and r.state <> 'waiting' and r.key = '' and r.gates = '{}' and (${filter})
    union all
    select r.* from owners o cross join lateral (
      select r.* from runs r
      where r.owner = o.id and r.job_id = ${job} and r.state <> 'waiting' and r.key = '' and r.gates = '{}' and (${filter})
    ) r
    where ${key} = '' and o.ended_at is null
  )`
}
