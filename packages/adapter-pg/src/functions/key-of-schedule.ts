/** `key_of_schedule(job id, name)`: its key; null when there is none of that name. By index, whatever a session knew of the table. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

export const keyOfSchedule: SqlFunction = {
  name: 'key_of_schedule',
  sql: /* sql */ `
create or replace function key_of_schedule(p_job int, p_name text) returns text language plpgsql stable ${BY_INDEX} as $$
begin
  return (select s.key from schedules s where s.job_id = p_job and s.name = p_name collate "C");
end
$$`,
}
