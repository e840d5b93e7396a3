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
  select t."window_start", t."model", t."hour", t."calls", t."cost", t.tableoid as part, t.ctid as place
  from windows w join "calls_hourly" t on t."window_start" = w.window_start
),
drifted as (
  select f."window_start" as at, json_build_object('model', f."model"::text, 'hour', f."hour"::text) as key, json_build_object('calls', f."calls"::text, 'cost', f."cost"::text) as expected,
    case when c."window_start" is not null then json_build_object('calls', c."calls"::text, 'cost', c."cost"::text) end as found
  from fresh f left join current c on c."window_start" = f."window_start" and coalesce(c."model"::text, '') = coalesce(f."model"::text, '') and coalesce(c."hour"::text, '') = coalesce(f."hour"::text, '') and c."model" is not distinct from f."model" and c."hour" is not distinct from f."hour"
  where c."window_start" is null
    or f."calls" is distinct from c."calls"
    or f."cost" is distinct from c."cost" and (abs(f."cost" - c."cost") <= 1e-9 * greatest(abs(f."cost"), abs(c."cost"))) is not true
  union all
  select c."window_start", json_build_object('model', c."model"::text, 'hour', c."hour"::text), null, json_build_object('calls', c."calls"::text, 'cost', c."cost"::text)
  from current c where not exists (select from fresh f where f."window_start" = c."window_start" and coalesce(f."model"::text, '') = coalesce(c."model"::text, '') and coalesce(f."hour"::text, '') = coalesce(c."hour"::text, '') and f."model" is not distinct from c."model" and f."hour" is not distinct from c."hour")
)
select coalesce(json_agg(json_build_array((extract(epoch from d.at) * 1000)::bigint, d.key, d.expected, d.found) order by d.at), '[]')::text as drifted
from (select * from drifted order by at, key::text limit $4::int) d