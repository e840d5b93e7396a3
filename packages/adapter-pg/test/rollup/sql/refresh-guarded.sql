with asked as materialized (
  select
    timestamptz 'epoch' + u.start_ms * interval '1 millisecond' as window_start,
    timestamptz 'epoch' + u.end_ms * interval '1 millisecond' as window_end,
    u.removed
  from unnest('{0,3600000}'::bigint[], '{3600000,7200000}'::bigint[], '{true,true}'::boolean[]) as u(start_ms, end_ms, removed)
),
oldest_row as materialized (select (select min(r."at") at time zone 'Europe/Berlin' from "notes" r where r."at" > '-infinity') as at),
windows as materialized (
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
  from differing o 
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
select coalesce(json_agg(json_build_array(
  (extract(epoch from a.window_start) * 1000)::bigint,
  coalesce(f.rows, 0), coalesce(f.n, 0), coalesce(w.n, 0), coalesce(g.n, 0), false
)), '[]')::text as refreshed, (select d.oid from pg_database d where d.datname = current_database()) || '/' || to_regclass('"notes_hourly"')::oid as identity
from asked a
left join (select "window_start" as at, count(*) as n, sum("__ROWS") as rows from fresh group by 1) f on f.at = a.window_start
left join (select "window_start" as at, count(*) as n from written group by 1) w on w.at = a.window_start
left join (select "window_start" as at, count(*) as n from gone group by 1) g on g.at = a.window_start