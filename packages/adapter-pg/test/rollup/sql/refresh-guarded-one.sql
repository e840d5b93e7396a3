with asked as not materialized (select timestamptz '1970-01-01T00:00:00.000Z' as window_start, timestamptz '1970-01-01T01:00:00.000Z' as window_end, false as removed),
oldest_row as materialized (select (select min(r."at") at time zone 'Europe/Berlin' from "notes" r where r."at" > '-infinity') as at),
windows as not materialized (
  select a.window_start, a.window_end
  from asked a, oldest_row o
  -- Older than what the source holds, or cut by what was taken away: what is known of it is kept.
  where (a.window_end > o.at and (a.window_start >= o.at or not a.removed)) is true or not exists (select from "notes_hourly" t where t."window_start" = a.window_start)
),
fresh as materialized (
select
  w.window_start as "window_start",
  count(*) as "notes",
  count(*) as "__ROWS"
from windows w join "notes" r on r."at" >= (w.window_start at time zone 'Europe/Berlin') and r."at" < (w.window_end at time zone 'Europe/Berlin')
group by 1
),
differing as materialized (
  -- A row that is on both sides is as it ought to be. Of the others, those with a place are old ones.
  select "window_start", "notes", max(part) as part, max(place) as place
  from (
  select t."window_start", t."notes", t.tableoid as part, t.ctid as place
  from windows w join "notes_hourly" t on t."window_start" = w.window_start
  union all
  select "window_start", "notes", null, null from fresh
  ) x
  group by "window_start", "notes" having count(*) = 1 or count(place) <> 1
),
vanished as materialized (
  -- No new row has the key of the old one.
  select max(o.part) as part, max(o.place) as place
  from differing o where exists (select from fresh)
  group by o."window_start" having count(*) = count(o.place)
),
gone as (
  delete from "notes_hourly" t
  where t.ctid = any (array(select place from vanished))
    and exists (select from vanished v where v.part = t.tableoid and v.place = t.ctid)
  returning t."window_start"
),
written as (
  insert into "notes_hourly" ("window_start", "notes")
  select "window_start", "notes" from differing where place is null
  order by "window_start"
  on conflict ("window_start") do update set "notes" = excluded."notes"
  returning "window_start"
)
select json_build_array(json_build_array(
  0, f.rows, f.n, (select count(*) from written), (select count(*) from gone), f.n = 0 and exists (select from differing)
))::text as refreshed, (select d.oid from pg_database d where d.datname = current_database()) || '/' || to_regclass('"notes_hourly"')::oid as identity
from (select count(*) as n, coalesce(sum("__ROWS"), 0) as rows from fresh) f