/** Version 2: views of rollups for people, with names and with instants that can be read. No code of ours reads them. */

const at = (column: string): string => `to_timestamp(${column} / 1000.0)`

export const rollupViews: string = /* sql */ `
create view rollups_view as
select u.name as rollup, u.generation, u.sources, ${at('u.start_at')} as start_at, ${at('u.watermark')} as watermark,
  (select count(*) from windows w where w.rollup_id = u.id and w.dirty_since is not null) as dirty,
  (select ${at('min(w.dirty_since)')} from windows w where w.rollup_id = u.id and w.dirty_since is not null) as dirty_since,
  (select count(*) from windows w where w.rollup_id = u.id and w.suspect is not null) as suspect,
  s.marks as sealed_marks, ${at('s.last_at')} as sealed_last_at
from rollups u left join sealed_marks s on s.rollup_id = u.id;

-- Exceptional windows; of others nothing is kept.
create view windows_view as
select u.name as rollup, ${at('w.start_at')} as start_at, ${at('w.end_at')} as end_at, w.seq, ${at('w.dirty_since')} as dirty_since,
  w.complete, ${at('w.refreshed_at')} as refreshed_at, w.attempts, w.error, ${at('w.retry_at')} as retry_at, w.suspect,
  w.backfill_id as backfill, r.id as run_id
from windows w join rollups u on u.id = w.rollup_id left join runs r on r.id = w.run_id and r.fence = w.fence and r.state = 'running';

create view backfills_view as
select b.id, u.name as rollup, b.state, b.reason, ${at('b.from_at')} as from_at, ${at('b.to_at')} as to_at, b."select", b."order",
  b.concurrency, b.windows, b.stamped, b.done, b.failed, ${at('b.created_at')} as created_at, ${at('b.finished_at')} as finished_at
from backfills b join rollups u on u.id = b.rollup_id;
`
