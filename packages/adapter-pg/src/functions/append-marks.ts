/** `append_marks(marks, now)`: adds the contract's marks to the log, as they are. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

export const appendMarks: SqlFunction = {
  name: 'append_marks',
  sql: /* sql */ `
create or replace function append_marks(p_marks json, p_now bigint) returns void language plpgsql as $$
begin
  insert into marks (source, from_at, to_at, kind, marked_at)
  select m.source, m.from_at, m.to_at, m.kind, p_now
  from rows from (json_to_recordset(p_marks) as (source text, "from" bigint, "to" bigint, kind text))
    with ordinality as m(source, from_at, to_at, kind, place)
  order by m.place;
end
$$`,
}
