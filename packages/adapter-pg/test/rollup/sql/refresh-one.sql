with windows as not materialized (select timestamptz '1970-01-01T00:00:00.000Z' as window_start, timestamptz '1970-01-01T01:00:00.000Z' as window_end),
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
differing as materialized (
  -- A row that is on both sides is as it ought to be. Of the others, those with a place are old ones.
  select "window_start", "model", "hour", "calls", "cost", "cost__sum", "cost__count", "p95", max(part) as part, max(place) as place
  from (
  select t."window_start", t."model", t."hour", t."calls", t."cost", t."cost__sum", t."cost__count", t."p95", t.tableoid as part, t.ctid as place
  from windows w join "calls_hourly" t on t."window_start" = w.window_start
  union all
  select "window_start", "model", "hour", "calls", "cost", "cost__sum", "cost__count", "p95", null, null from fresh
  ) x
  group by "window_start", "model", "hour", "calls", "cost", "cost__sum", "cost__count", "p95" having count(*) = 1 or count(place) <> 1
),
vanished as materialized (
  -- No new row has the key of the old one.
  select max(o.part) as part, max(o.place) as place
  from differing o 
  group by o."window_start", o."model", o."hour" having count(*) = count(o.place)
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
select json_build_array(json_build_array(
  0, f.rows, f.n, (select count(*) from written), (select count(*) from gone), false
))::text as refreshed, (select d.oid from pg_database d where d.datname = current_database()) || '/' || to_regclass('"calls_hourly"')::oid as identity
from (select count(*) as n, coalesce(sum("__ROWS"), 0) as rows from fresh) f