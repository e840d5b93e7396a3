/**
 * Triggers that mark what changes in a table, in the transaction that changes it: a mark is visible exactly when its data is.
 * They append to a log, which never makes writers wait for each other. One trigger per kind of statement, since Postgres gives
 * transition tables to no trigger of several.
 */
import { createHash } from 'node:crypto'
import { quoteName } from '../client/quote-name.ts'
import { quoteTable } from '../rollup/table-name.ts'

/** A source to be captured. */
export interface CaptureSpec {
  /** Of the store. */
  readonly schema: string
  /** The table, as the user names it; also the name of the source in marks. */
  readonly source: string
  /** Its column of instants. */
  readonly time: string
  /** For a column of type `timestamp`: the zone that its values are meant in. */
  readonly timeZone: string | null
  /** Marks are rounded to this: the finest windows that read the source are made of it. */
  readonly grainMs: number
  /** Partitions have triggers of their own, for statements that name them. */
  readonly leaves: boolean
}

/** Which set of triggers: one per table and column. */
export type CaptureId = Pick<CaptureSpec, 'schema' | 'source' | 'time'>

/** Kinds of statements; each has a trigger. */
export const EVENTS = ['insert', 'update', 'delete', 'truncate'] as const

/** A setting that turns marks off for the rest of a transaction. */
export const WITHOUT_MARKS = 'quarterjack.without_marks'

/** Beyond what windows can reach: marks of all time, for TRUNCATE. */
const EVER = { from: -8_640_000_000_000_000, to: 8_640_000_000_000_000 } as const

/** Raised when the triggers are written otherwise: those of older versions are replaced. */
export const CAPTURE_VERSION = 1

/** Names of the function and the triggers: one set per table and column. */
export function captureName({ source, time }: Pick<CaptureSpec, 'source' | 'time'>): string {
  return `quarterjack_${createHash('sha256').update(`${source}\0${time}`).digest('hex').slice(0, 12)}`
}

/** What is written on the function, so that a later installation sees what is there. */
export interface CaptureNote {
  readonly version: number
  readonly timeZone: string | null
  readonly grainMs: number
  readonly leaves: boolean
  /** What the table held when the triggers came was marked. */
  readonly history: boolean
}

/** Writes it. */
export function noteSql(spec: CaptureSpec, history: boolean): string {
  const { timeZone, grainMs, leaves } = spec
  const note: CaptureNote = { version: CAPTURE_VERSION, timeZone, grainMs, leaves, history }
  return `comment on function ${functionOf(spec)}() is ${literal(JSON.stringify(note))};`
}

/** The trigger function. Writers need no privilege on the log: it runs as whoever installed it. */
export function captureFunctionSql(spec: CaptureSpec): string {
  const { schema, source, grainMs } = spec
  const log = `${quoteName(schema)}.marks`
  const name = functionOf(spec)
  const changed = (relation: string): string =>
    `select ${bucketOf(spec)} as at from ${relation} r where isfinite(r.${quoteName(spec.time)})`
  const append = (rows: string, kind: string): string => `
    insert into ${log} (source, from_at, to_at, kind, marked_at)
    select ${literal(source)}, b.ms, b.ms + ${grainMs}, '${kind}', v_now
    from (select distinct (extract(epoch from x.at) * 1000)::bigint as ms from (${rows}) x) b;`
  return `create or replace function ${name}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $capture$
declare
  v_now bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  if current_setting('${WITHOUT_MARKS}', true) = 'on' then
    return null;
  end if;
  if tg_op = 'INSERT' then${append(changed('added'), 'added')}
  elsif tg_op = 'UPDATE' then${append(`${changed('removed')} union all ${changed('added')}`, 'changed')}
  elsif tg_op = 'DELETE' then${append(changed('removed'), 'removed')}
  else
    insert into ${log} (source, from_at, to_at, kind, marked_at) values (${literal(source)}, ${EVER.from}, ${EVER.to}, 'removed', v_now);
  end if;
  return null;
end
$capture$;`
}

/** The four triggers. Each takes a lock that waits for writers under way: what they wrote before is older than the first mark. `on`: a quoted table, by default the source itself. */
export function captureTriggersSql(spec: CaptureId, on: string = quoteTable(spec.source)): string {
  const name = captureName(spec)
  const create = (event: string, tables: string): string =>
    `create or replace trigger ${name}_${event} after ${event} on ${on}${tables} for each statement execute function ${functionOf(spec)}();`
  return [
    create('insert', ' referencing new table as added'),
    create('update', ' referencing old table as removed new table as added'),
    create('delete', ' referencing old table as removed'),
    create('truncate', ''),
  ].join('\n')
}

/** One mark over all that the source holds. Answers how many: none where it is empty. */
export function markHistorySql({ schema, source, time, timeZone }: CaptureSpec): string {
  const column = `r.${quoteName(time)}`
  const instant = (of: string): string => (timeZone === null ? of : `(${of} at time zone ${literal(timeZone)})`)
  const ms = (of: string): string => `floor(extract(epoch from ${instant(of)}) * 1000)::bigint`
  return `with held as (
  select (select min(${column}) from ${quoteTable(source)} r where ${column} > '-infinity') as oldest,
    (select max(${column}) from ${quoteTable(source)} r where ${column} < 'infinity') as newest
), marked as (
  insert into ${quoteName(schema)}.marks (source, from_at, to_at, kind, marked_at)
  select ${literal(source)}, ${ms('oldest')}, ${ms('newest')} + 1, 'changed', (extract(epoch from clock_timestamp()) * 1000)::bigint
  from held where oldest is not null and newest is not null
  returning 1
)
select count(*)::text as marks from marked`
}

/** The end of it, of the triggers on partitions, too. Marks that are in the log stay. */
export function dropCaptureSql(id: CaptureId): string {
  return `drop function if exists ${functionOf(id)}() cascade;`
}

function functionOf(spec: CaptureId): string {
  return `${quoteName(spec.schema)}.${captureName(spec)}`
}

/** The instant rounded down: far cheaper than to reckon with its number, and most rows of a statement share a few. */
function bucketOf({ time, timeZone, grainMs }: CaptureSpec): string {
  const column = `r.${quoteName(time)}`
  const instant = timeZone === null ? column : `(${column} at time zone ${literal(timeZone)})`
  return `date_bin(interval '${grainMs} milliseconds', ${instant}, timestamptz 'epoch')`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
