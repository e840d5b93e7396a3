with asked as materialized (
  select
    timestamptz 'epoch' + u.start_ms * interval '1 millisecond' as window_start,
    timestamptz 'epoch' + u.end_ms * interval '1 millisecond' as window_end,
    u.removed
  from unnest('{0,3600000}'::bigint[], '{3600000,7200000}'::bigint[], '{true,false}'::boolean[]) as u(start_ms, end_ms, removed)
),
windows as (select window_start, window_end from asked),
fresh as materialized (
select w.window_start, count(*) as n from windows w join calls c on true group by 1
),
differing as materialized (
  -- A row that is on both sides is as it ought to be. Of the others, those with a place are old ones.
  select "window_start", "n", max(part) as part, max(place) as place
  from (
  select t."window_start", t."n", t.tableoid as part, t.ctid as place
  from windows w join "days" t on t."window_start" = w.window_start
  union all
  select "window_start", "n", null, null from fresh
  ) x
  group by "window_start", "n" having count(*) = 1 or count(place) <> 1
),
suspect as (
  -- Nothing is left of a window, and nothing says that it was taken away.
  select a.window_start from asked a
  where not a.removed
    and exists (select from differing d where d."window_start" = a.window_start and d.place is not null)
    and not exists (select from fresh f where f."window_start" = a.window_start)
),
vanished as materialized (
  -- No new row has the key of the old one.
  select max(o.part) as part, max(o.place) as place
  from differing o where not exists (select from suspect s where s.window_start = o."window_start")
  group by o."window_start" having count(*) = count(o.place)
),
gone as (
  delete from "days" t
  where t.ctid = any (array(select place from vanished))
    and exists (select from vanished v where v.part = t.tableoid and v.place = t.ctid)
  returning t."window_start"
),
written as (
  insert into "days" ("window_start", "n")
  select "window_start", "n" from differing where place is null
  order by "window_start"
  on conflict ("window_start") do update set "n" = excluded."n"
  returning "window_start"
)
select coalesce(json_agg(json_build_array(
  (extract(epoch from a.window_start) * 1000)::bigint,
  null, coalesce(f.n, 0), coalesce(w.n, 0), coalesce(g.n, 0), s.window_start is not null
)), '[]')::text as refreshed, (select d.oid from pg_database d where d.datname = current_database()) || '/' || to_regclass('"days"')::oid as identity
from asked a
left join (select "window_start" as at, count(*) as n from fresh group by 1) f on f.at = a.window_start
left join (select "window_start" as at, count(*) as n from written group by 1) w on w.at = a.window_start
left join (select "window_start" as at, count(*) as n from gone group by 1) g on g.at = a.window_start
left join suspect s on s.window_start = a.window_start