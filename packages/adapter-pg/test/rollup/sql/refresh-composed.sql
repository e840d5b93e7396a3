with asked as materialized (
  select
    timestamptz 'epoch' + u.start_ms * interval '1 millisecond' as window_start,
    timestamptz 'epoch' + u.end_ms * interval '1 millisecond' as window_end,
    u.removed
  from unnest('{0,3600000}'::bigint[], '{3600000,7200000}'::bigint[], '{true,true}'::boolean[]) as u(start_ms, end_ms, removed)
),
windows as (select window_start, window_end from asked),
fresh as materialized (
select
  w.window_start as "window_start",
  sum(r."calls")::bigint as "calls",
  sum(r."cost__sum") / nullif(sum(r."cost__count")::bigint, 0) as "cost",
  sum(r."cost__sum") as "cost__sum",
  sum(r."cost__count")::bigint as "cost__count",
  count(*) as "__ROWS"
from windows w join "calls_hourly" r on r."window_start" >= w.window_start and r."window_start" < w.window_end
group by 1
),
differing as materialized (
  -- A row that is on both sides is as it ought to be. Of the others, those with a place are old ones.
  select "window_start", "calls", "cost", "cost__sum", "cost__count", max(part) as part, max(place) as place
  from (
  select t."window_start", t."calls", t."cost", t."cost__sum", t."cost__count", t.tableoid as part, t.ctid as place
  from windows w join "calls_daily" t on t."window_start" = w.window_start
  union all
  select "window_start", "calls", "cost", "cost__sum", "cost__count", null, null from fresh
  ) x
  group by "window_start", "calls", "cost", "cost__sum", "cost__count" having count(*) = 1 or count(place) <> 1
),
vanished as materialized (
  -- No new row has the key of the old one.
  select max(o.part) as part, max(o.place) as place
  from differing o 
  group by o."window_start" having count(*) = count(o.place)
),
gone as (
  delete from "calls_daily" t
  where t.ctid = any (array(select place from vanished))
    and exists (select from vanished v where v.part = t.tableoid and v.place = t.ctid)
  returning t."window_start"
),
written as (
  insert into "calls_daily" ("window_start", "calls", "cost", "cost__sum", "cost__count")
  select "window_start", "calls", "cost", "cost__sum", "cost__count" from differing where place is null
  order by "window_start"
  on conflict ("window_start") do update set "calls" = excluded."calls", "cost" = excluded."cost", "cost__sum" = excluded."cost__sum", "cost__count" = excluded."cost__count"
  returning "window_start"
)
select coalesce(json_agg(json_build_array(
  (extract(epoch from a.window_start) * 1000)::bigint,
  coalesce(f.rows, 0), coalesce(f.n, 0), coalesce(w.n, 0), coalesce(g.n, 0), false
)), '[]')::text as refreshed, (select d.oid from pg_database d where d.datname = current_database()) || '/' || to_regclass('"calls_daily"')::oid as identity
from asked a
left join (select "window_start" as at, count(*) as n, sum("__ROWS") as rows from fresh group by 1) f on f.at = a.window_start
left join (select "window_start" as at, count(*) as n from written group by 1) w on w.at = a.window_start
left join (select "window_start" as at, count(*) as n from gone group by 1) g on g.at = a.window_start