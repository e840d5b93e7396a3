/**
 * `lock_definitions()` and `lock_definitions_shared()`: one lock per schema, held to the end of the transaction.
 * Whoever claims, fires or enqueues shares it; whoever changes a definition or a suspension has it alone. So nothing
 * of a suspended job fires or is claimed, and limits stand still within a verb. It lives in memory, not in rows. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

const NAME = "hashtextextended(current_schema() || '/quarterjack-definitions', 0)"

/** `lock_definitions_shared()` as a condition: where calls are many, a call or a statement within them counts. */
export const SHARE_DEFINITIONS: string = `if pg_advisory_xact_lock_shared(${NAME}) is null then end if;`

export const lockDefinitions: SqlFunction = {
  name: 'lock_definitions',
  sql: /* sql */ `
create or replace function lock_definitions() returns void language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(${NAME});
end
$$`,
}

export const lockDefinitionsShared: SqlFunction = {
  name: 'lock_definitions_shared',
  sql: /* sql */ `
create or replace function lock_definitions_shared() returns void language plpgsql volatile as $$
begin
  ${SHARE_DEFINITIONS}
end
$$`,
}
