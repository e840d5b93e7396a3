import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { captureFunctionSql, captureTriggersSql, type CaptureSpec, dropCaptureSql, WITHOUT_MARKS } from '../../src/capture/capture-sql.ts'
import type { Database } from '../servers/database.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'

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
  await pool.query(`create schema quarterjack;
    create table quarterjack.marks (
      id bigint generated always as identity primary key,
      source text not null, from_at bigint not null, to_at bigint not null, kind text not null, marked_at bigint not null
    );
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
  })
})
