/**
 * Plain requests, which nothing joins or refuses: not debounced, without an idempotency key, not to be skipped. They come in
 * columns, which are read several times as fast as records; what is the same for all is one value.
 *
 * Columns: ids and payloads, arrays; of each of jobs, keys, triggers, counts (triggers that a request stands for), priorities,
 * runAts, delays, overlaps, gateLists, replays (replayOf), traces, slots: an array under that name, or the one value in the singular; if
 * there is any such array, `varied` is true.
 *
 * A part of `runs_enqueue`, and no function of its own: most calls carry a single request, for which a call within them, and
 * a second look into the JSON, would count.
 */

/** What may vary from request to request: names of the one value and of the array, their type. Gates stay JSON here. */
const COLUMNS = [
  ['job', 'jobs', 'text'],
  ['key', 'keys', 'text'],
  ['trigger', 'triggers', 'text'],
  ['count', 'counts', 'bigint'],
  ['priority', 'priorities', 'int'],
  ['runAt', 'runAts', 'bigint'],
  ['delay', 'delays', 'bigint'],
  ['overlap', 'overlaps', 'text'],
  ['gates', 'gateLists', 'json'],
  ['replay', 'replays', 'text'],
  ['trace', 'traces', 'text'],
  ['slot', 'slots', 'bigint'],
] as const

/** The columns, as `json_to_record` wants them declared. */
export const ENQUEUE_COLUMNS: string = [
  'ids json, payloads json, varied boolean',
  ...COLUMNS.map(([one, many, type]) => `"${one}" ${type}, "${many}" json`),
].join(', ')

const INTO =
  'insert into runs (id, payload, job_id, key, trigger, slot, priority, run_at, created_at, overlap, gates, triggers, replay_of, trace)'

/**
 * So many are worth a savepoint: without a look for each whether it is there already, they cost less time and less WAL. Nor
 * does the insert have to tell then what it has made.
 */
const MANY = 50

const UNLESS_THERE = 'on conflict (id) do nothing'

/** Leaves in `v_ids` and `v_is_due` what it has made. */
const insert = (rows: string, conflict: string): string => /* sql */ `
      with made as (
        ${INTO}${rows}
        ${conflict}
        returning id, run_at
      )
      select array_agg(m.id), bool_or(m.run_at <= v_now) into v_ids, v_is_due from made m;`

const ifNew = (statement: string): string => /* sql */ `
      v_are_new := q.plain >= ${MANY};
      if v_are_new then
        begin${statement}
        exception when unique_violation then
          v_are_new := false;
        end;
      end if;`

const namesOf = (gates: string): string => `array(select g from json_array_elements_text(${gates}) g order by g collate "C")`

const SAME_RUN_AT = 'coalesce(q."runAt", v_now + q.delay)'
const IS_SAME_DUE = `${SAME_RUN_AT} <= v_now`

const SAME_VALUES = [
  'q.job_id',
  'q.key',
  'q.trigger',
  'q.slot',
  'q.priority',
  SAME_RUN_AT,
  'v_now',
  'q.overlap',
  'v_gates',
  'q.count',
  'q.replay',
  'q.trace',
]

/** `values`: what is the same for all. */
const same = (values: readonly string[]): string => /* sql */ `
        select i.id, i.payload, ${values.join(', ')}
        from rows from (json_array_elements_text(q.ids), json_array_elements_text(q.payloads)) as i(id, payload)`

/** Looked up once for the statement, not once for each row: a field of a record takes longer than a column of a row. */
const SAME_OF_MANY = same(SAME_VALUES.map((value) => `(select ${value})`))

const VARIED = /* sql */ `
        select i.id, i.payload, coalesce(q.job_id, j.id), coalesce(i.key, q.key), coalesce(i.trigger, q.trigger), coalesce(i.slot::bigint, q.slot),
          coalesce(i.priority::int, q.priority), coalesce(i."runAt"::bigint, q."runAt", v_now + coalesce(i.delay::bigint, q.delay)), v_now,
          coalesce(i.overlap, q.overlap), coalesce(v_gates, ${namesOf('i.gates::json')}), coalesce(i.count::bigint, q.count),
          coalesce(i.replay, q.replay), coalesce(i.trace, q.trace)
        from rows from (
          json_array_elements_text(q.ids), json_array_elements_text(q.payloads),
${COLUMNS.map(([, many]) => `          json_array_elements_text(coalesce(q."${many}", '[]'))`).join(',\n')}
        ) as i(id, payload, ${COLUMNS.map(([one]) => `"${one}"`).join(', ')})
        left join jobs j on q.job_id is null and j.name = i.job collate "C"`

/**
 * Makes runs of the columns in `q`, whose `job_id` is that of the one job, if it is known. Harmless when repeated: an id that
 * is known, unfinished or in history, makes nothing. Leaves the ids of the new runs in `v_ids`, and in `v_is_due` whether
 * any of them is due.
 */
export const ENQUEUE_PLAIN: string = /* sql */ `
    if q.job is null then
      perform obtain_jobs(array(select distinct n from json_array_elements_text(q.jobs) n));
    elsif q.job_id is null then
      perform obtain_jobs(array[q.job]);
      q.job_id := (select j.id from jobs j where j.name = q.job collate "C");
    end if;
    if q.gates::text = '[]' then
      v_gates := '{}';
    elsif q.gates is not null then
      v_gates := ${namesOf('q.gates')};
    end if;

    if q.varied then${ifNew(insert(VARIED, ''))}
      if not v_are_new then${insert(VARIED, UNLESS_THERE)}
      end if;
    elsif q.plain = 1 then
      ${INTO}
      values (q.ids->>0, q.payloads->>0, ${SAME_VALUES.join(', ')})
      ${UNLESS_THERE};
      if found then
        v_ids := array[q.ids->>0];
        v_is_due := ${IS_SAME_DUE};
      end if;
    else${ifNew(`
      ${INTO}${SAME_OF_MANY};`)}
      if v_are_new then
        v_ids := array(select json_array_elements_text(q.ids));
        v_is_due := ${IS_SAME_DUE};
      else${insert(same(SAME_VALUES), UNLESS_THERE)}
      end if;
    end if;
    v_ids := coalesce(v_ids, '{}');
    v_is_due := coalesce(v_is_due, false);

    -- The insert has waited for endings under way: what they filed is visible now.
    -- Ids begin with the time they were made at, so for many, one look at the newest there most often tells that none is.
    if (q.plain < ${MANY} or (select h.id from history h order by h.id desc limit 1) >= (select min(u.id collate "C") from unnest(v_ids) u(id)))
      and exists (select 1 from history h where h.id = any (v_ids)) then
      delete from runs r using history h where r.id = any (v_ids) and h.id = r.id;
      v_ids := array(select u.id from unnest(v_ids) u(id) where not exists (select 1 from history h where h.id = u.id collate "C"));
    end if;`
