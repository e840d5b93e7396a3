import { defineRollup } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { captureChanges, captureDoctor, pgStore, removeCapture, withoutMarks } from '../../src/index.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'

let server: PostgresServer
let pool: Pool

beforeAll(async () => {
  server = await startPostgres()
  // Opened once; each test copies it.
  const first = new Pool({ connectionString: server.url, max: 2 })
  await first.query('create database opened')
  const opened = new Pool({ ...server.poolSettings, database: 'opened', max: 2 })
  const store = pgStore({ pool: opened, hints: false })
  await store.open()
  await store.close()
  await Promise.all([opened.end(), first.end()])
})
afterAll(() => server.close())
beforeEach(async () => {
  const name = `copy_${Math.random().toString(36).slice(2)}`
  const admin = new Pool({ connectionString: server.url, max: 1 })
  await admin.query(`create database ${name} template opened`)
  await admin.end()
  pool = new Pool({ ...server.poolSettings, database: name, max: 4 })
  pool.on('error', () => undefined)
  await pool.query(`create table calls (id int, at timestamptz) partition by range (at);
    create table calls_january partition of calls for values from ('2026-01-01') to ('2026-02-01');
    create table calls_later partition of calls default;
    create table notes (at timestamp, due date, ms int);
    insert into calls values (0, '2026-01-03 00:01:00.5Z'), (1, '2026-02-05 12:00Z'), (2, 'infinity'), (3, null)`)
})
afterEach(async () => {
  await pool.end()
})

const calls = { source: 'calls', time: 'at', grain: 'hour' } as const

/** The marks so far, which are taken out of the log. */
async function marks(): Promise<readonly string[]> {
  const { rows } = await pool.query('with gone as (delete from quarterjack.marks returning *) select * from gone order by id')
  return rows.map(({ source, from_at: from, to_at: to, kind }) => {
    const [start, end] = [from, to].map((at) => (Math.abs(Number(at)) > 8e15 ? 'ever' : new Date(Number(at)).toISOString().slice(0, 16)))
    return `${source} ${kind} ${start} ${end}`
  })
}

const failing = async (): Promise<unknown> =>
  (await captureDoctor({ pool }, { source: 'calls', time: 'at' })).filter(({ status }) => status === 'fail').map(({ detail }) => detail)

describe('captureChanges', () => {
  it('installs once, marks what is there once, and then does nothing', async () => {
    expect(await captureChanges({ pool }, calls)).toMatchObject({ status: 'installed', markedHistory: true })
    expect(await marks()).toEqual(['calls changed 2026-01-03T00:01 2026-02-05T12:00'])
    expect(await captureChanges({ pool }, calls)).toMatchObject({ status: 'unchanged', markedHistory: false })
    expect(await marks()).toEqual([])
    await pool.query(`insert into calls values (4, '2026-01-05 10:30Z')`)
    expect(await marks()).toEqual(['calls added 2026-01-05T10:00 2026-01-05T11:00'])
  })

  it('is for each of two stores that capture the same table', async () => {
    const other = pgStore({ pool, hints: false, schema: 'other' })
    await other.open()
    await captureChanges({ pool }, calls)
    expect(await captureChanges({ pool }, { ...calls, schema: 'other' })).toMatchObject({ status: 'installed' })
    await marks()
    await pool.query('truncate other.marks')
    await pool.query(`begin; insert into calls values (4, '2026-01-05 10:30Z'); insert into calls values (5, '2026-01-05 10:40Z'); commit`)
    const { rows } = await pool.query('select distinct from_at::text, kind from other.marks')
    expect(rows).toEqual([{ from_at: `${Date.UTC(2026, 0, 5, 10)}`, kind: 'added' }])
    expect(new Set(await marks())).toEqual(new Set(['calls added 2026-01-05T10:00 2026-01-05T11:00']))
    await removeCapture({ pool }, { source: 'calls', time: 'at', schema: 'other' })
    await pool.query(`insert into calls values (6, '2026-01-06 10:30Z')`)
    expect(await marks()).toEqual(['calls added 2026-01-06T10:00 2026-01-06T11:00'])
    expect(await captureDoctor({ pool }, { source: 'calls', time: 'at' })).toContainEqual(
      expect.objectContaining({ name: 'triggers', status: 'ok' }),
    )
    await other.close()
  })

  it('waits for nobody where all is in place', async () => {
    await captureChanges({ pool }, calls)
    const writer = await pool.connect()
    await writer.query('begin; lock table calls in row exclusive mode')
    expect(await captureChanges({ pool }, calls)).toMatchObject({ status: 'unchanged' })
    await writer.query('rollback')
    writer.release()
  })

  it('waits for writers under way, gives way to those behind it, and tries again', async () => {
    const writer = await pool.connect()
    await writer.query(`begin; insert into calls values (5, '2026-03-01 00:00Z')`)
    const capturing = captureChanges({ pool }, calls)
    await until('it waits for the lock', async () => {
      const { rowCount } = await pool.query(`select from pg_locks where not granted and mode = 'ShareRowExclusiveLock'`)
      return rowCount === 1
    })
    await pool.query(`insert into calls values (6, '2026-03-02 00:00Z')`)
    await writer.query('commit')
    writer.release()
    expect(await capturing).toMatchObject({ status: 'installed' })
    expect((await marks()).at(-1)).toBe('calls changed 2026-01-03T00:01 2026-03-02T00:00')
  }, 20_000)

  it('is installed once by several processes', async () => {
    const all = await Promise.all([1, 2, 3].map(() => captureChanges({ pool }, calls)))
    expect(all.map(({ status }) => status).toSorted()).toEqual(['installed', 'unchanged', 'unchanged'])
    expect(await marks()).toHaveLength(1)
  })

  it('takes another grain without a lock on the table, and marks no history for it', async () => {
    await captureChanges({ pool }, calls)
    await marks()
    const writer = await pool.connect()
    await writer.query('begin; lock table calls in row exclusive mode')
    expect(await captureChanges({ pool }, { ...calls, grain: '15m' })).toMatchObject({ status: 'upgraded', markedHistory: false })
    await writer.query('rollback')
    writer.release()
    await pool.query(`insert into calls values (4, '2026-01-05 10:30Z')`)
    expect(await marks()).toEqual(['calls added 2026-01-05T10:30 2026-01-05T10:45'])
  })

  it.each([
    ['dropped', 'drop trigger %s_delete on calls', /no trigger for delete/],
    ['disabled', 'alter table calls disable trigger all', /insert, update, delete, truncate is disabled/],
  ])('mends what was %s, and marks history again', async (_, statement, detail) => {
    await captureChanges({ pool }, calls)
    await marks()
    const { rows } = await pool.query(`select proname from pg_proc where proname like 'quarterjack\\_%'`)
    await pool.query(statement.replace('%s', rows[0].proname))
    expect(await failing()).toEqual([expect.stringMatching(detail)])
    expect(await captureChanges({ pool }, calls)).toMatchObject({ status: 'installed', markedHistory: true })
    expect(await failing()).toEqual([])
  })

  it('finishes what a crash left half done', async () => {
    await captureChanges({ pool }, calls)
    await marks()
    const { rows } = await pool.query(
      `select p.oid::regprocedure::text as name, obj_description(p.oid) as note from pg_proc p where proname like 'quarterjack\\_%'`,
    )
    await pool.query(`comment on function ${rows[0].name} is '${rows[0].note.replace('"history":true', '"history":false')}'`)
    expect(await captureChanges({ pool }, calls)).toMatchObject({ status: 'unchanged', markedHistory: true })
    expect(await marks()).toHaveLength(1)
  })

  it('takes its grain from the rollups, which must read the table', async () => {
    const refresh = (): void => undefined
    const day = defineRollup({ name: 'day', grain: 'day', timeZone: 'Asia/Kolkata', start: '2026-01-01', source: 'calls', refresh })
    const hour = defineRollup({ name: 'hour', grain: 'hour', start: '2026-01-01', source: 'calls', refresh })
    const other = defineRollup({ name: 'other', grain: 'hour', start: '2026-01-01', refresh })
    await captureChanges({ pool }, { source: 'calls', time: 'at', rollups: [day, hour] })
    await marks()
    await pool.query(`insert into calls values (4, '2026-01-05 10:40Z')`)
    expect(await marks()).toEqual(['calls added 2026-01-05T10:30 2026-01-05T10:45'])
    await expect(captureChanges({ pool }, { ...calls, rollups: [hour, other] })).rejects.toThrow(
      /"other" does not read "calls".*source: 'calls'/,
    )
  })

  it('ends', async () => {
    await captureChanges({ pool }, { ...calls, leaves: true })
    await marks()
    await removeCapture({ pool }, { source: 'calls', time: 'at' })
    await removeCapture({ pool }, { source: 'calls', time: 'at' })
    await pool.query(`insert into calls values (4, '2026-01-05 10:40Z'); insert into calls_later values (4, '2027-01-05 10:40Z')`)
    expect(await marks()).toEqual([])
    expect(await failing()).toEqual(['calls is not captured'])
  })

  it.each([
    ['a table that is missing', { source: 'nowhere' }, 'InvalidOption', /no table nowhere/],
    ['a column that is missing', { time: 'when' }, 'InvalidOption', /calls has no column "when"/],
    ['a column of another type', { source: 'notes', time: 'ms' }, 'InvalidOption', /"ms" of notes is integer/],
    ['a date', { source: 'notes', time: 'due' }, 'InvalidOption', /"due" of notes is date/],
    ['a timestamp without a zone', { source: 'notes' }, 'InvalidOption', /timeZone: 'UTC'/],
    ['a zone where there is one', { timeZone: 'UTC' }, 'InvalidOption', /needs no timeZone/],
    ['a partition', { source: 'calls_january' }, 'InvalidOption', /is a partition.* Capture calls/],
    ['a view', { source: 'shown' }, 'InvalidOption', /is a view/],
    ['another schema', { schema: 'elsewhere' }, 'SchemaMissing', /"elsewhere" has no log of marks/],
    ['no grain', { grain: undefined }, 'InvalidOption', /give grain/],
    ['a grain that is none', { grain: 'month' }, 'InvalidOption', /grain: "month" is not usable/],
    ['a name with a quote', { source: 'ca"lls' }, 'InvalidOption', /source: use the name of a table, /],
  ])('refuses %s', async (_, more, code, message) => {
    await pool.query('create view shown as select * from calls')
    await expect(captureChanges({ pool }, { ...calls, ...more } as never)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
    const { rowCount } = await pool.query(`select from pg_proc where proname like 'quarterjack\\_%'`)
    expect(rowCount).toBe(0)
  })
})

it('the doctor names triggers whose marks no rollup reads', async () => {
  await captureChanges({ pool }, calls)
  const readers = async () => (await captureDoctor({ pool }, { source: 'calls', time: 'at' })).find(({ name }) => name === 'readers')
  expect(await readers()).toMatchObject({ status: 'warn', detail: expect.stringMatching(/^no rollup reads calls: [1-9]\d* marks wait/) })
  const store = pgStore({ pool, hints: false })
  const definition = { rollup: 'hourly', hash: 'h', expectedGeneration: 0, sources: ['calls'], edges: 'e', policy: '{}', startAt: 0 }
  await store.windows?.define({ rollups: [definition] })
  expect(await readers()).toMatchObject({ status: 'ok' })
  await store.windows?.forget({ rollups: ['hourly'] })
  expect(await readers()).toMatchObject({ status: 'warn' })
  await removeCapture({ pool }, { source: 'calls', time: 'at' })
  expect(await readers()).toBeUndefined()
  await store.close()
})

describe('what capture cannot see', () => {
  const details = async (): Promise<readonly string[]> =>
    (await captureDoctor({ pool }, { source: 'calls', time: 'at' }))
      .filter(({ status }) => status !== 'ok')
      .map(({ name, detail }) => `${name}: ${detail}`)

  it('is named', async () => {
    const { advice } = await captureChanges({ pool }, calls)
    expect(advice.map(({ detail }) => detail)).toEqual([
      'no index of calls begins with at: each refresh reads the whole table',
      'statements that name public.calls_january, public.calls_later instead of calls are not seen',
      'DROP and DETACH of a partition of calls fire no trigger',
    ])
    await marks()
    await pool.query(`insert into calls_january values (9, '2026-01-05 10:40Z')`)
    expect(await marks()).toEqual([])
  })

  it('is less with triggers on the partitions, also on those to come once it is called again', async () => {
    await captureChanges({ pool }, { ...calls, leaves: true })
    await marks()
    await pool.query(`insert into calls_january values (9, '2026-01-05 10:40Z'); insert into calls values (9, '2026-01-05 11:40Z')`)
    expect(await marks()).toEqual(['calls added 2026-01-05T10:00 2026-01-05T11:00', 'calls added 2026-01-05T11:00 2026-01-05T12:00'])
    await pool.query(`create table calls_2027 partition of calls for values from ('2027-01-01') to ('2028-01-01')`)
    expect(await failing()).toEqual(['public.calls_2027 came later and has no triggers'])
    expect(await captureChanges({ pool }, { ...calls, leaves: true })).toMatchObject({ status: 'upgraded', markedHistory: false })
    expect(await failing()).toEqual([])
  })

  it('is judged by the indexes of the partitions, too', async () => {
    await captureChanges({ pool }, calls)
    await pool.query('create index on calls_january (at)')
    expect((await details())[0]).toBe('index: no index of public.calls_later begins with at: each refresh reads the whole table')
    await pool.query('create index on calls_later using brin (at)')
    expect((await details()).some((detail) => detail.startsWith('index'))).toBe(false)
  })

  it('is everything in sessions without triggers, and what replication brings', async () => {
    await captureChanges({ pool }, calls)
    await pool.query(`create role silent; alter role silent set session_replication_role = 'replica'`)
    expect(await details()).toContain('session: sessions of silent begin without triggers')
    await pool.query('drop role silent')
    await pool.query(`create extension if not exists file_fdw; create server files foreign data wrapper file_fdw`)
    await pool.query(
      `create foreign table calls_old partition of calls for values from ('2020-01-01') to ('2021-01-01') server files options (filename '/dev/null')`,
    )
    expect(await details()).toContain('foreign: public.calls_old is a foreign table: what others change there is not seen')
  })
})

describe('withoutMarks', () => {
  const mark = { source: 'calls', from: new Date('2026-01-01Z'), to: new Date('2026-02-01Z') }

  beforeEach(async () => {
    await captureChanges({ pool }, calls)
    await marks()
  })

  it('marks a bulk load as a whole, in its own transaction', async () => {
    const client = await pool.connect()
    await client.query('begin')
    const load = () =>
      client.query(`insert into calls select n, timestamptz '2026-01-05Z' + n * interval '1 hour' from generate_series(1, 100) n`)
    await withoutMarks(client, load, { mark })
    await client.query(`insert into calls values (9, '2026-01-05 10:40Z')`)
    await client.query('commit')
    client.release()
    expect(await marks()).toEqual(['calls changed 2026-01-01T00:00 2026-02-01T00:00', 'calls added 2026-01-05T10:00 2026-01-05T11:00'])
  })

  it('needs a transaction, and passes errors on', async () => {
    await expect(withoutMarks(pool as never, async () => 1)).rejects.toThrow(/no transaction is open/)
    const client = await pool.connect()
    await client.query('begin')
    await expect(withoutMarks(client, () => client.query('select 1/0'))).rejects.toThrow(/division by zero/)
    await client.query('rollback')
    await client.query(`insert into calls values (9, '2026-01-05 10:40Z')`)
    client.release()
    expect(await marks()).toHaveLength(1)
  })
})
