/** What the database says of a table that is captured, or is to be. */
import { quoteName } from '../client/quote-name.ts'
import type { Connection } from '../client/sql-client.ts'
import { quoteTable } from '../client/table-name.ts'
import { type CaptureId, type CaptureNote, captureName } from './capture-sql.ts'

/** A table below the source: a partition, or a child that inherits. */
export interface Branch {
  /** Quoted, with its schema. */
  readonly name: string
  readonly isForeign: boolean
  /** How many of the triggers are on it, and at work. */
  readonly triggers: number
  readonly hasIndex: boolean
}

/** Read in one statement. */
export interface CaptureFacts {
  /** The store's log of marks is there. */
  readonly hasLog: boolean
  /** Of `pg_class`: its kind, and the root of the partitions that it is one of. Null: there is no such table. */
  readonly table: { readonly kind: string; readonly root: string | null } | null
  /** Type of the time column; null where there is none. */
  readonly timeType: string | null
  /** The function is there; what is written on it. */
  readonly note: Partial<CaptureNote> | null
  /** The triggers on the source, by event: whether they are at work. */
  readonly triggers: Readonly<Record<string, boolean>>
  /** An index of the source begins with the time column. */
  readonly hasIndex: boolean
  /** Lowest tables, with rows of their own. */
  readonly branches: readonly Branch[]
  /** Of this session: `origin`, unless somebody switched triggers off. */
  readonly replicationRole: string
  /** Users and databases whose sessions begin without triggers. */
  readonly silentRoles: readonly string[]
  /** Logical replication writes to the source, or below it. */
  readonly isReplicated: boolean
}

/** `$1`: the quoted table; `$2`: its time column; `$3`: the schema; `$4`: the name of the triggers; `$5`: the quoted log. */
const FACTS = /* sql */ `
with recursive source as (
  select c.oid, c.relkind, c.relispartition from pg_class c where c.oid = to_regclass($1)
), below as (
  select i.inhrelid as oid from pg_inherits i join source s on s.oid = i.inhparent
  union all
  select i.inhrelid from pg_inherits i join below b on b.oid = i.inhparent
), indexed as (
  select i.indrelid as oid from pg_index i
  where i.indisvalid and i.indpred is null and i.indrelid in (select oid from source union all select oid from below)
    and (select a.attname from pg_attribute a where a.attrelid = i.indrelid and a.attnum = i.indkey[0]) = $2
), ours as (
  select t.tgrelid as oid, substr(t.tgname, length($4) + 2) as event, t.tgenabled in ('O', 'A') as works
  from pg_trigger t where t.tgrelid in (select oid from source union all select oid from below) and starts_with(t.tgname, $4 || '_')
), func as (
  select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = $3 and p.proname = $4
)
select json_build_object(
  'hasLog', to_regclass($5) is not null,
  'table', (select json_build_object('kind', s.relkind, 'root', case when s.relispartition then pg_partition_root(s.oid)::regclass::text end) from source s),
  'timeType', (select format_type(a.atttypid, null) from pg_attribute a join source s on s.oid = a.attrelid where a.attname = $2 and a.attnum > 0 and not a.attisdropped),
  'note', (select coalesce(obj_description(f.oid, 'pg_proc'), '{}') from func f),
  'triggers', (select coalesce(json_object_agg(o.event, o.works), '{}') from ours o join source s using (oid)),
  'hasIndex', exists (select from indexed join source using (oid)),
  'branches', (
    select coalesce(json_agg(json_build_object(
      'name', format('%I.%I', n.nspname, c.relname),
      'isForeign', c.relkind = 'f',
      'triggers', (select count(*) from ours o where o.oid = c.oid and o.works),
      'hasIndex', exists (select from indexed i where i.oid = c.oid)
    ) order by n.nspname, c.relname), '[]')
    from below b join pg_class c on c.oid = b.oid join pg_namespace n on n.oid = c.relnamespace where c.relkind <> 'p'
  ),
  'replicationRole', current_setting('session_replication_role'),
  'silentRoles', (
    select coalesce(json_agg(coalesce(r.rolname, d.datname, 'all') order by 1), '[]')
    from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
    where (s.setdatabase = 0 or d.datname = current_database())
      and exists (select from unnest(s.setconfig) one where one = 'session_replication_role=replica')
  ),
  'isReplicated', exists (select from pg_subscription_rel s where s.srrelid in (select oid from source union all select oid from below))
)::text as facts`

/** Takes no lock that a writer would wait for. */
export async function readCapture(connection: Connection, id: CaptureId): Promise<CaptureFacts> {
  const log = `${quoteName(id.schema)}.marks`
  const [row] = await connection.query(FACTS, [quoteTable(id.source), id.time, id.schema, captureName(id), log])
  const facts = JSON.parse(row?.[0] ?? '{}') as Omit<CaptureFacts, 'note'> & { readonly note: string | null }
  return { ...facts, note: facts.note === null ? null : readNote(facts.note) }
}

/** Whatever stands there is no reason to fail. */
export function readNote(text: string): Partial<CaptureNote> {
  try {
    const note: unknown = JSON.parse(text)
    return typeof note === 'object' && note !== null ? note : {}
  } catch {
    return {}
  }
}
