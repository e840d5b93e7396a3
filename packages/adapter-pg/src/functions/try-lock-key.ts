/** `try_lock_key(key)`: takes the lock of a key as `lock_keys` does, if nobody has it. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

export const tryLockKey: SqlFunction = {
  name: 'try_lock_key',
  sql: /* sql */ `
create or replace function try_lock_key(p_key text) returns boolean language sql volatile as $$
  select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/quarterjack-keys/' || abs(hashtext(p_key) % 256), 0))
$$`,
}
