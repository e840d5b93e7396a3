with asked as materialized (
  select
    timestamptz 'epoch' + u.start_ms * interval '1 millisecond' as window_start,
    timestamptz 'epoch' + u.end_ms * interval '1 millisecond' as window_end,
    u.removed
  from unnest($1::bigint[], $2::bigint[], $3::boolean[]) as u(start_ms, end_ms, removed)
),
windows as (select window_start, window_end from asked),
fresh as materialized (
select
  w.window_start as "window_start",
  r."model" as "model",
  extract(hour from r.at) as "hour",
  count(*) as "calls",
  avg(cost) as "cost",
  sum(cost) as "cost__sum",
  count(cost) as "cost__count",
  percentile_cont(0.95) within group (order by ms) as "p95",
  count(*) as "__ROWS"
from windows w join "app"."calls" r on r."at" >= w.window_start and r."at" < w.window_end
where (status <> 'ignored')
group by 1, 2, 3
),
current as materialized (
  select t."window_start", t."model", t."hour", t."calls", t."cost", t."cost__sum", t."cost__count", t."p95", t.tableoid as part, t.ctid as place
  from windows w join "calls_hourly" t on t."window_start" = w.window_start
),
differing as materialized (
  -- A row that is on both sides is as it ought to be. Of the others, those with a place are old ones.
  select "window_start", "model", "hour", "calls", "cost", "cost__sum", "cost__count", "p95", max(part) as part, max(place) as place
  from (
    select "window_start", "model", "hour", "calls", "cost", "cost__sum", "cost__count", "p95", part, place from current
    union all
    select "window_start", "model", "hour", "calls", "cost", "cost__sum", "cost__count", "p95", null, null from fresh
  ) x
  group by "window_start", "model", "hour", "calls", "cost", "cost__sum", "cost__count", "p95" having count(*) = 1 or count(place) <> 1
),
suspect as (
  -- Nothing is left of a window, and nothing says that it was taken away.
  select a.window_start from asked a
  where not a.removed
    and exists (select from differing d where d."window_start" = a.window_start and d.place is not null)
    and not exists (select from fresh f where f."window_start" = a.window_start)
),
vanished as materialized (
  select o.part, o.place from differing o
  where o.place is not null
    and not exists (select from suspect s where s.window_start = o."window_start")
    and not exists (select from differing n where n.place is null and n."window_start" = o."window_start" and coalesce(n."model"::text, '') = coalesce(o."model"::text, '') and coalesce(n."hour"::text, '') = coalesce(o."hour"::text, '') and n."model" is not distinct from o."model" and n."hour" is not distinct from o."hour")
),
gone as (
  delete from "calls_hourly" t
  where t.ctid = any (array(select place from vanished))
    and exists (select from vanished v where v.part = t.tableoid and v.place = t.ctid)
  returning t."window_start"
),
written as (
  insert into "calls_hourly" ("window_start", "model", "hour", "calls", "cost", "cost__sum", "cost__count", "p95")
  select "window_start", "model", "hour", "calls", "cost", "cost__sum", "cost__count", "p95" from differing where place is null
  order by "window_start", "model", "hour"
  on conflict ("window_start", "model", "hour") do update set "calls" = excluded."calls", "cost" = excluded."cost", "cost__sum" = excluded."cost__sum", "cost__count" = excluded."cost__count", "p95" = excluded."p95"
  returning "window_start"
)
select coalesce(json_agg(json_build_array(
  (extract(epoch from a.window_start) * 1000)::bigint,
  coalesce(f.rows, 0), coalesce(f.n, 0), coalesce(w.n, 0), coalesce(g.n, 0), s.window_start is not null
)), '[]')::text as refreshed
from asked a
left join (select "window_start" as at, count(*) as n, sum("__ROWS") as rows from fresh group by 1) f on f.at = a.window_start
left join (select "window_start" as at, count(*) as n from written group by 1) w on w.at = a.window_start
left join (select "window_start" as at, count(*) as n from gone group by 1) g on g.at = a.window_start
left join suspect s on s.window_start = a.window_start