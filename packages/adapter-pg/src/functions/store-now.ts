/** `store_now()`: the store's clock in epoch milliseconds. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

export const storeNow: SqlFunction = {
  name: 'store_now',
  sql: /* sql */ `
create or replace function store_now() returns bigint language plpgsql volatile as $$
begin
  return floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
end
$$`,
}
