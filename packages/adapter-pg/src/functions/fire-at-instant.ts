/**
 * Clocks agree to a moment: a firing that is about to be due is waited for. Little waits before anything is locked; much is written
 * first, as of its instant, and waits with its commit: whoever would change or suspend any of it meanwhile waits for that, too, so
 * that it comes after the instant.
 *
 * Parts of `schedules_fire`.
 */

/** So far ahead of the store's clock, in ms, a firing may be that waits for its instant. */
const LONGEST_WAIT_MS = 30
/** So many runs take longer to write than rows may not be locked. */
const MANY = 50

/** What is written before its instant must be what it would be then: it looks at no other run, and locks no gate that others need, nor any rate. */
const MAY_BE_EARLY = `cardinality(v_ids) >= ${MANY} and coalesce(json_array_length(v_gates), 0) = 0 and 'allow' = all (v_overlaps)`

/** Leaves the instant of what is written first in `v_now` and `v_commits_at`. */
export const WAIT_FOR_INSTANT: string = /* sql */ `if v_looked_at is not null and v_given is null then
    select max(u.at) - v_now into v_wait_ms from unnest(v_run_ats) u(at);
    if v_wait_ms between 1 and ${LONGEST_WAIT_MS} then
      if ${MAY_BE_EARLY} then
        v_commits_at := (select v_now + v_wait_ms
          where not exists (select 1 from jobs j where j.name = any (v_job_names) and j.rate_max is not null));
      end if;
      if v_commits_at is not null then
        v_now := v_commits_at;
      else
        perform pg_sleep(v_wait_ms / 1000.0);
        v_now := store_now();
      end if;
    end if;
  end if;`

/** A clock that went back meanwhile must hold nobody up: all of it is taken back. */
export const COMMIT_AT_INSTANT: string = /* sql */ `if v_commits_at is not null then
    v_wait_ms := v_commits_at - store_now();
    if v_wait_ms > ${LONGEST_WAIT_MS} then
      raise exception 'the clock of the server went back while a firing waited for its instant' using errcode = 'serialization_failure';
    end if;
    perform pg_sleep(greatest(0, v_wait_ms) / 1000.0);
  end if;`
