/**
 * Triggers that mark what changes in a table, in the transaction that changes it: a mark is visible exactly when its data is.
 * They append to a log, which never makes writers wait for each other. One trigger per kind of statement, since Postgres gives
 * transition tables to no trigger of several.
 */
import { createHash } from 'node:crypto'
import { quoteName } from '../client/quote-name.ts'
import { quoteTable } from '../client/table-name.ts'

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

/**
 * A transaction that is no older has probably done nothing else, and does no more. To remember something for it would cost more
 * than the mark of another statement.
 */
const YOUNG_US = 500

/** When a mark is made. */
const NOW = `pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) operator(pg_catalog.*) 1000`

const IS_SILENT = `pg_catalog.current_setting('${WITHOUT_MARKS}', true) operator(pg_catalog.=) 'on'`

/** Raised when the triggers are written otherwise: those of older versions are replaced. */
export const CAPTURE_VERSION = 4

/** Names of the function and the triggers: one set per store, table and column, since stores of several schemas may capture one table. */
export function captureName({ schema, source, time }: CaptureId): string {
  return `quarterjack_${createHash('sha256').update(`${schema}\0${source}\0${time}`).digest('hex').slice(0, 12)}`
}

/** What is written on the function, so that a later installation sees what is there. */
export interface CaptureNote {
  readonly version: number
  readonly source: string
  readonly time: string
  readonly timeZone: string | null
  readonly grainMs: number
  readonly leaves: boolean
  /** What the table held when the triggers came was marked. */
  readonly history: boolean
}

/** Writes it. */
export function noteSql(spec: CaptureSpec, history: boolean): string {
  const { source, time, timeZone, grainMs, leaves } = spec
  const note: CaptureNote = { version: CAPTURE_VERSION, source, time, timeZone, grainMs, leaves, history }
  return `comment on function ${functionOf(spec)}() is ${literal(JSON.stringify(note))};`
}

/**
 * The trigger function. Writers need no privilege on the log: it runs as whoever installed it. Its names are all told with
 * their schema, since a search path of its own would cost more than what it does.
 *
 * Many statements of a long transaction change the same window: it is marked once. What is remembered of it lasts and is taken
 * back exactly as the mark is, with the transaction and its savepoints. A young transaction marks at once, in one statement.
 */
export function captureFunctionSql(spec: CaptureSpec): string {
  return `create or replace function ${functionOf(spec)}() returns trigger language plpgsql security definer as $capture$
declare
  v_first pg_catalog.timestamptz;
  v_last pg_catalog.timestamptz;
  v_window pg_catalog.timestamptz;
  v_ms bigint;
  v_seen pg_catalog.text;
begin
  if tg_op operator(pg_catalog.=) 'INSERT' then${markSql(spec, ['added'], 'added')}
  elsif tg_op operator(pg_catalog.=) 'UPDATE' then${markSql(spec, ['removed', 'added'], 'changed')}
  elsif tg_op operator(pg_catalog.=) 'DELETE' then${markSql(spec, ['removed'], 'removed')}
  elsif (${IS_SILENT}) is not true then
    ${appendSql(spec)} values (${valuesSql(spec, 'removed', `${EVER.from}`, `${EVER.to}`)});
  end if;
  return null;
end
$capture$;`
}

/**
 * What it does about the rows of a statement. Each expression costs a transaction 1 to 2 µs when it is first used there, and a
 * tenth of it afterwards; each query 5 and more.
 */
function markSql(spec: CaptureSpec, tables: readonly string[], kind: string): string {
  const { grainMs } = spec
  const union = (where: string): string =>
    tables.map((table) => `select ${instantOf(spec)} as at from ${table} r${where}`).join(' union all ')
  const rows = `(${union(` where pg_catalog.isfinite(r.${quoteName(spec.time)})`)}) x`
  const markOf = (ms: string): string => valuesSql(spec, kind, ms, `${ms} operator(pg_catalog.+) ${grainMs}`)
  const each = `${appendSql(spec)} select ${markOf('b.ms')} from (select distinct (${bucketOf('x.at', grainMs)})::bigint as ms from ${rows}) b;`
  // Of one row, the window is known without aggregates. An UPDATE has the old one as well.
  const single = `
    select case when (select true from ${tables[0]} offset 1 limit 1) is null then ${bucketOf('x.at', grainMs)} end into v_ms from ${rows};`
  return `
    if pg_catalog.clock_timestamp() operator(pg_catalog.<) (pg_catalog.now() operator(pg_catalog.+) interval '${YOUNG_US} microseconds') and (${IS_SILENT}) is not true then
      ${each}
      return null;
    end if;
    v_seen := pg_catalog.current_setting('${seenOf(spec, kind)}', true);
    if v_seen operator(pg_catalog.<>) '' then
      -- Infinite instants are found as well, and left out below.
      v_window := pg_catalog.to_timestamp(v_seen::pg_catalog.float8 operator(pg_catalog./) 1000);
      perform from (${union('')}) x where ${windowOf('x.at', grainMs)} operator(pg_catalog.<>) v_window;
      if not found then
        return null;
      end if;
    end if;
    if ${IS_SILENT} then
      return null;
    end if;${tables.length === 1 ? single : ''}
    if v_ms is null then
      select pg_catalog.min(x.at), pg_catalog.max(x.at) into v_first, v_last from ${rows};
      v_ms := ${bucketOf('v_first', grainMs)};
      if v_ms is null then
        return null;
      elsif v_ms operator(pg_catalog.<>) (${bucketOf('v_last', grainMs)}) then
        ${each}
        return null;
      end if;
    end if;
    if v_seen operator(pg_catalog.=) v_ms::pg_catalog.text then
      return null;
    end if;
    ${appendSql(spec)} values (${markOf('v_ms')});
    v_seen := pg_catalog.set_config('${seenOf(spec, kind)}', v_ms::pg_catalog.text, true);`
}

function appendSql({ schema }: CaptureSpec): string {
  return `insert into ${quoteName(schema)}.marks (source, from_at, to_at, kind, marked_at)`
}

/** Of a mark, in the order of {@link appendSql}. */
function valuesSql({ source }: CaptureSpec, kind: string, from: string, to: string): string {
  return `${literal(source)}, ${from}, ${to}, '${kind}', ${NOW}`
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

/** Of row `r`. */
function instantOf({ time, timeZone }: Pick<CaptureSpec, 'time' | 'timeZone'>): string {
  const column = `r.${quoteName(time)}`
  return timeZone === null ? column : `pg_catalog.timezone(${literal(timeZone)}, ${column})`
}

/** The instant rounded down. */
function windowOf(instant: string, grainMs: number): string {
  return `pg_catalog.date_bin(interval '${grainMs} milliseconds', ${instant}, timestamp with time zone 'epoch')`
}

/** The same in milliseconds. */
function bucketOf(instant: string, grainMs: number): string {
  return `pg_catalog.date_part('epoch', ${windowOf(instant, grainMs)}) operator(pg_catalog.*) 1000`
}

/** The setting that holds the window which the transaction marked last. Of its grain: another one's windows are others. */
function seenOf(spec: CaptureSpec, kind: string): string {
  return `${captureName(spec).replace('_', '.marked_')}_${spec.grainMs}_${kind}`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
