/** One schema for all cases of a file: migrating takes longer than most cases, emptying takes a millisecond. */
import { SCHEMA, type Backend } from './backend.ts'

/** A migrated schema that can be made like new. */
export interface SharedSchema {
  /** Empties it, and sets its clock right. */
  reset(): Promise<void>
  /** Moves the store's clock forward, where that can be moved. Whatever reads another clock than the store's is found out. */
  readonly advance?: (ms: number) => Promise<void>
}

/** Migrates the schema by opening a store, and may put a clock into it that can be moved. */
export async function prepareSchema(backend: Backend, hasMovableClock: boolean): Promise<SharedSchema> {
  const store = backend.createStore()
  await store.open()
  await store.close()
  const emptying = await planEmptying(backend)
  if (!hasMovableClock) return { reset: () => backend.execute(emptying) }
  await backend.execute(MOVABLE_CLOCK)
  return {
    reset: () => backend.execute(`${emptying}; update test_clock.shift set ms = 0`),
    advance: (ms) => backend.execute(`update test_clock.shift set ms = ms + ${ms}`),
  }
}

/** In a schema of its own, so that the store finds in its schema what it expects. */
const MOVABLE_CLOCK = `
  create schema test_clock;
  create table test_clock.shift (ms bigint not null);
  insert into test_clock.shift values (0);
  create or replace function ${SCHEMA}.store_now() returns bigint language sql volatile as $$
    select floor(extract(epoch from clock_timestamp()) * 1000)::bigint + (select ms from test_clock.shift)
  $$;
`

/** Deleting costs a tenth of truncating where tables are small. What holds rows before the first case tells of the schema itself. */
async function planEmptying(backend: Backend): Promise<string> {
  const relations = await backend.query(
    `select c.relname as name, c.relkind as kind from pg_class c where c.relnamespace = '${SCHEMA}'::regnamespace and c.relkind in ('r', 'p', 'S')`,
  )
  const statements: string[] = []
  for (const { name, kind } of relations) {
    const relation = `${SCHEMA}."${String(name)}"`
    if (kind === 'S') {
      // Its own start and increment, as when it was made.
      statements.push(`select setval('${relation}', (select seqstart from pg_sequence where seqrelid = '${relation}'::regclass), false)`)
    } else if ((await backend.query(`select from ${relation} limit 1`)).length === 0) {
      statements.push(`delete from ${relation}`)
    }
  }
  return statements.join(';\n')
}
