import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { captureFunctionSql, captureTriggersSql, type CaptureSpec, dropCaptureSql, WITHOUT_MARKS } from '../../src/capture/capture-sql.ts'
import type { Database } from '../servers/database.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { MARKS_LOG } from './marks-log.ts'

const QUARTER = 900_000
const spec: CaptureSpec = { schema: 'quarterjack', source: 'calls', time: 'at', timeZone: null, grainMs: QUARTER, leaves: false }

let server: PostgresServer
let database: Database
let pool: Pool

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 2 })
  pool.on('error', () => undefined)
  await pool.query(`${MARKS_LOG}
    create table calls (id int, at timestamptz, ms int) partition by range (at);
    create table calls_january partition of calls for values from ('2026-01-01') to ('2026-02-01');
    create table calls_later partition of calls default;
    insert into calls values (0, '2026-01-01 00:01Z', 1);
    ${captureFunctionSql(spec)}
    ${captureTriggersSql(spec)}`)
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

/** The marks so far, which are taken out of the log. */
async function marks(): Promise<readonly string[]> {
  const { rows } = await pool.query('with gone as (delete from quarterjack.marks returning *) select * from gone order by from_at, id')
  return rows.map(({ from_at: from, to_at: to, kind }) => {
    const range = Number(to) - Number(from) === QUARTER ? new Date(Number(from)).toISOString().slice(0, 16) : 'ever'
    return `${kind} ${range}`
  })
}

describe('a table that is captured', () => {
  it('marks each window of a statement once', async () => {
    await pool.query(
      `insert into calls values (1, '2026-01-01 10:00Z', 1), (2, '2026-01-01 10:14:59Z', 1), (3, '2026-01-01 10:15Z', 1), (4, null, 1)`,
    )
    expect(await marks()).toEqual(['added 2026-01-01T10:00', 'added 2026-01-01T10:15'])
    await pool.query(`insert into calls select g, timestamptz '2026-01-02Z' + g * interval '1 second', 1 from generate_series(0, 9999) g`)
    expect(await marks()).toHaveLength(12)
  })

  it('marks both windows of a row that moves, to another partition too', async () => {
    await pool.query(`update calls set at = '2026-03-01 12:00Z' where id = 0`)
    expect(await marks()).toEqual(['changed 2026-01-01T00:00', 'changed 2026-03-01T12:00'])
  })

  it('marks what is deleted as removed, and all of time when it is truncated', async () => {
    await pool.query('delete from calls where id = 0')
    expect(await marks()).toEqual(['removed 2026-01-01T00:00'])
    await pool.query('truncate calls')
    expect(await marks()).toEqual(['removed ever'])
  })

  it('marks MERGE and INSERT … ON CONFLICT by what they did', async () => {
    await pool.query(`merge into calls c using (values (0, timestamptz '2026-01-01 00:01Z'), (9, '2026-01-05 00:00Z')) n(id, at) on c.id = n.id
      when matched then update set ms = 2 when not matched then insert values (n.id, n.at, 1)`)
    expect((await marks()).toSorted()).toEqual(['added 2026-01-05T00:00', 'changed 2026-01-01T00:00'])
  })

  it('marks nothing for a statement that changes nothing, or for instants that are infinite', async () => {
    await pool.query(`delete from calls where id = 77; update calls set ms = 1 where id = 77; insert into calls values (5, 'infinity', 1)`)
    expect(await marks()).toEqual([])
  })

  it('shows marks exactly when the data is committed, and never makes writers wait for each other', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await client.query(`insert into calls values (1, '2026-01-01 10:00Z', 1)`)
    await pool.query(`insert into calls values (2, '2026-01-01 10:00Z', 1)`)
    expect(await marks()).toEqual(['added 2026-01-01T10:00'])
    await client.query('commit')
    client.release()
    expect(await marks()).toEqual(['added 2026-01-01T10:00'])
  })

  describe('many times in one transaction that is no longer young', () => {
    const BEGIN = 'begin; select pg_sleep(0.001);'
    const one = (at: string): string => `insert into calls values (1, '2026-01-01 ${at}Z', 1);`

    it('has each window marked once, for as long as statements stay in it', async () => {
      await pool.query(`${BEGIN} ${one('10:00')} ${one('10:01')} ${one('10:20')} ${one('10:21')} ${one('10:02')} commit;`)
      expect(await marks()).toEqual(['added 2026-01-01T10:00', 'added 2026-01-01T10:00', 'added 2026-01-01T10:15'])
      await pool.query(`do $$ begin perform pg_sleep(0.001); for n in 1..100 loop ${one('10:00')} end loop; end $$`)
      expect(await marks()).toEqual(['added 2026-01-01T10:00'])
    })

    it('has it marked for each kind of change', async () => {
      const day = `'2026-01-01 10:00Z'`
      const round = `${one('10:00')} update calls set ms = ms + 1 where at = ${day}; delete from calls where at = ${day};`
      await pool.query(`${BEGIN} ${round} ${round} commit;`)
      expect((await marks()).toSorted()).toEqual(['added 2026-01-01T10:00', 'changed 2026-01-01T10:00', 'removed 2026-01-01T10:00'])
    })

    it('has it marked again when the mark was rolled back with a savepoint, or an exception', async () => {
      await pool.query(`${BEGIN} savepoint s; ${one('10:00')} rollback to s; ${one('10:00')} commit;`)
      expect(await marks()).toEqual(['added 2026-01-01T10:00'])
      await pool.query(
        `do $$ begin perform pg_sleep(0.001); begin ${one('10:00')} perform 1 / 0; exception when division_by_zero then null; end; ${one('10:01')} end $$`,
      )
      expect(await marks()).toEqual(['added 2026-01-01T10:00'])
      await pool.query(`${BEGIN} savepoint s; ${one('10:00')} release s; ${one('10:00')} rollback; ${one('10:00')}`)
      expect(await marks()).toEqual(['added 2026-01-01T10:00'])
    })

    it('has it marked again in the next transaction, and in one that goes on after COMMIT', async () => {
      await pool.query(`do $$ begin for n in 1..3 loop perform pg_sleep(0.001); ${one('10:00')} commit; end loop; end $$`)
      expect(await marks()).toHaveLength(3)
      await pool.query(`${BEGIN} ${one('10:00')} commit and chain; select pg_sleep(0.001); ${one('10:00')} commit`)
      expect(await marks()).toHaveLength(2)
    })

    it('has it marked anew when its windows become larger meanwhile', async () => {
      const client = await pool.connect()
      await client.query(`${BEGIN} ${one('10:00')}`)
      await pool.query(captureFunctionSql({ ...spec, grainMs: 3_600_000 }))
      await client.query(`${one('10:50')} commit`)
      client.release()
      const { rows } = await pool.query('select (to_at - from_at)::int as ms from quarterjack.marks order by id')
      expect(rows.map(({ ms }) => ms)).toEqual([QUARTER, 3_600_000])
    })

    it('has all of it marked where rows of one statement are in several windows', async () => {
      await pool.query(
        `${BEGIN} ${one('10:00')} insert into calls values (1, '2026-01-01 10:00Z', 1), (1, '2026-01-01 10:20Z', 1); ${one('10:00')} commit;`,
      )
      expect(await marks()).toEqual(['added 2026-01-01T10:00', 'added 2026-01-01T10:00', 'added 2026-01-01T10:15'])
    })
  })

  it('means the functions and types of the server, whatever the writer has in its way', async () => {
    await pool.query(`begin; create schema mine; set local search_path = mine, public, pg_catalog;
      create function mine.now_is(a text, b text) returns boolean language sql as 'select true';
      create operator mine.= (leftarg = text, rightarg = text, function = mine.now_is);
      create function mine.date_part(text, timestamptz) returns float8 language sql as 'select 0::float8';
      create function mine.isfinite(timestamptz) returns boolean language sql as 'select false';
      create temporary table added (at timestamptz); create temporary table marks (at int);
      create type pg_temp.timestamptz as (a int); create type pg_temp.text as (a int);
      insert into public.calls values (1, '2026-01-01 10:00Z', 1); commit`)
    expect(await marks()).toEqual(['added 2026-01-01T10:00'])
    await pool.query('drop schema mine cascade; discard temp')
  })

  it('can be told to be silent for a transaction', async () => {
    await pool.query(`begin; set local ${WITHOUT_MARKS} = 'on'; insert into calls values (1, '2026-01-01 10:00Z', 1); commit;
      insert into calls values (2, '2026-01-01 11:00Z', 1)`)
    expect(await marks()).toEqual(['added 2026-01-01T11:00'])
  })

  it('is captured for writers without privileges on the log', async () => {
    await pool.query('create role writer; grant insert on calls to writer; grant usage on schema public to writer')
    await pool.query(`begin; set local role writer; insert into calls values (1, '2026-01-01 10:00Z', 1); commit`)
    expect(await marks()).toEqual(['added 2026-01-01T10:00'])
    await pool.query('drop owned by writer; drop role writer')
  })

  it('can be captured again, and let go', async () => {
    await pool.query(`${captureFunctionSql(spec)} ${captureTriggersSql(spec)}`)
    await pool.query(`insert into calls values (1, '2026-01-01 10:00Z', 1)`)
    expect(await marks()).toHaveLength(1)
    await pool.query(dropCaptureSql(spec))
    await pool.query(`insert into calls values (1, '2026-01-01 10:00Z', 1)`)
    expect(await marks()).toEqual([])
    await pool.query(dropCaptureSql(spec))
  })

  it('may have instants without a zone, which are meant in one', async () => {
    const notes = { ...spec, source: 'notes', timeZone: 'Europe/Berlin' }
    await pool.query(`create table notes (at timestamp); ${captureFunctionSql(notes)} ${captureTriggersSql(notes)}`)
    await pool.query(`insert into notes values ('2026-01-01 01:20')`)
    expect(await marks()).toEqual(['added 2026-01-01T00:15'])
    // The clocks go from 2:00 to 3:00: what is between in writing comes after 3:12, though it sorts before.
    await pool.query(`insert into notes values ('2026-03-29 02:10'), ('2026-03-29 02:50'), ('2026-03-29 03:12')`)
    expect(await marks()).toEqual(['added 2026-03-29T01:00', 'added 2026-03-29T01:45'])
  })
})
