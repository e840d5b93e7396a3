/**
 * Triggers that write down what happens to rows, marks and windows, in the order in which it happened to each of them, and in which
 * transaction. What was rolled back has not happened.
 */
import type { Pool, PoolClient } from 'pg'

/** A range of instants, in epoch ms. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The record of a window, as far as it matters. */
export interface WindowRow {
  readonly seq: number
  readonly dirty_since: number | null
  readonly complete: boolean
  readonly refreshed_at: number | null
  readonly error: unknown
  readonly backfill_id: string | null
  readonly run_id: string | null
  readonly fence: number
  readonly taken_due: boolean
}

/** A window's record was made, changed or deleted. */
export interface WindowEvent {
  readonly xid: string
  /** The server's clock. */
  readonly at: number
  readonly rollup: string
  readonly start: number
  readonly end: number
  readonly was: WindowRow | null
  readonly now: WindowRow | null
}

/** A mark came into the log (`in`), was taken out, or was changed there; with the range that it had before. */
export interface MarkEvent extends Range {
  readonly xid: string
  /** The server's clock. */
  readonly at: number
  readonly op: 'in' | 'out' | 'changed'
  readonly source: string
}

/** Everything that was written down. */
export interface Audit {
  readonly windows: readonly WindowEvent[]
  readonly marks: readonly MarkEvent[]
  /** By table and transaction, the windows whose rows were changed; of a truncation, all there are. */
  readonly touched: ReadonlyMap<string, readonly Range[]>
  /** Refreshes that were committed: by transaction and rollup, the starts of their windows. */
  readonly refreshed: readonly { readonly xid: string; readonly rollup: string; readonly starts: readonly number[] }[]
  readonly backfills: ReadonlyMap<string, Range & { readonly rollup: string }>
}

/** The key of {@link Audit.touched}. */
export const touchedKey = (table: string, xid: string): string => `${table} ${xid}`

const SETUP = `
create table audit_windows (n bigint generated always as identity, xid text default pg_current_xact_id()::text,
  at float8 default extract(epoch from clock_timestamp()) * 1000, rollup_id int, start_at bigint, end_at bigint, was json, now json);
create table audit_marks (n bigint generated always as identity, xid text default pg_current_xact_id()::text,
  at float8 default extract(epoch from clock_timestamp()) * 1000, op text, source text, from_at bigint, to_at bigint);
create table audit_rows (xid text default pg_current_xact_id()::text, tbl text, from_at bigint, to_at bigint);
create table audit_refreshes (n bigint generated always as identity, xid text default pg_current_xact_id()::text, rollup text, starts bigint[]);
create function audit_window() returns trigger language plpgsql as $$ declare w record; begin
  w := coalesce(new, old);
  insert into public.audit_windows (rollup_id, start_at, end_at, was, now)
  values (w.rollup_id, w.start_at, w.end_at, case when tg_op <> 'INSERT' then to_json(old) end, case when tg_op <> 'DELETE' then to_json(new) end);
  return null; end $$;
create function audit_mark() returns trigger language plpgsql as $$ declare m record; begin
  if tg_op = 'INSERT' then m := new; else m := old; end if;
  insert into public.audit_marks (op, source, from_at, to_at)
  values (case tg_op when 'INSERT' then 'in' when 'DELETE' then 'out' else 'changed' end, m.source, m.from_at, m.to_at);
  return null; end $$;
create function audit_row() returns trigger language plpgsql as $$ declare at timestamptz; ms bigint; begin
  foreach at in array case tg_op when 'INSERT' then array[to_json(new)->>tg_argv[0]] when 'DELETE' then array[to_json(old)->>tg_argv[0]]
    else array[to_json(old)->>tg_argv[0], to_json(new)->>tg_argv[0]] end::timestamptz[] loop
    ms := floor(extract(epoch from at) * 1000 / tg_argv[1]::bigint) * tg_argv[1]::bigint;
    insert into public.audit_rows (tbl, from_at, to_at) values (tg_argv[2], ms, ms + tg_argv[1]::bigint);
  end loop;
  return null; end $$;
create function audit_all() returns trigger language plpgsql as $$ begin
  insert into public.audit_rows (tbl, from_at, to_at) values (tg_argv[0], -9e15::bigint, 9e15::bigint);
  return null; end $$;
create trigger audit after insert or update or delete on quarterjack.windows for each row execute function audit_window();
create trigger audit after insert or update or delete on quarterjack.marks for each row execute function audit_mark();
`

/** Whose rows are watched: a table, its column of time, and the length of its windows. */
export interface Watched {
  readonly table: string
  readonly column: string
  readonly grainMs: number
}

/** Begins to write down. The store's tables and those that are watched are there. */
export async function installAudit(pool: Pool, watched: readonly Watched[]): Promise<void> {
  await pool.query(SETUP)
  for (const { table, column, grainMs } of watched) {
    await pool.query(`create trigger audit after insert or update or delete on ${table} for each row execute function audit_row('${column}', '${grainMs}', '${table}');
      create trigger audit_all after truncate on ${table} for each statement execute function audit_all('${table}')`)
  }
}

/** What a refresh says of itself, in its own transaction. */
export const NOTE_REFRESH = 'insert into public.audit_refreshes (rollup, starts) values ($1, $2)'

/** What was written down so far, as it was at one moment: workers go on. */
export async function readAudit(pool: Pool): Promise<Audit> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read')
    return await readWithin(client)
  } finally {
    await client.query('commit')
    client.release()
  }
}

async function readWithin(client: PoolClient): Promise<Audit> {
  const windows =
    await client.query(`select a.xid, a.at, u.name as rollup, a.start_at::float8 as start, a.end_at::float8 as end, a.was, a.now
    from audit_windows a join quarterjack.rollups u on u.id = a.rollup_id order by a.n`)
  const marks = await client.query('select xid, at, op, source, from_at::float8 as from, to_at::float8 as to from audit_marks order by n')
  const rows = await client.query('select distinct xid, tbl, from_at::float8 as from, to_at::float8 as to from audit_rows')
  const refreshed = await client.query('select xid, rollup, starts::float8[] as starts from audit_refreshes order by n')
  const backfills = await client.query(`select b.id, u.name as rollup, b.from_at::float8 as from, b.to_at::float8 as to
    from quarterjack.backfills b join quarterjack.rollups u on u.id = b.rollup_id`)
  const touched = new Map<string, Range[]>()
  for (const { xid, tbl, from, to } of rows.rows) {
    const key = touchedKey(tbl, xid)
    touched.set(key, [...(touched.get(key) ?? []), { from, to }])
  }
  return {
    windows: windows.rows,
    marks: marks.rows,
    touched,
    refreshed: refreshed.rows,
    backfills: new Map(backfills.rows.map(({ id, ...range }) => [id, range])),
  }
}
