/** What a transaction remembers of its marks saves marks, and never one that is needed. */
import { seededRandom } from '@quarterjack/core/testing'
import { Pool, type PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { captureFunctionSql, captureTriggersSql, type CaptureSpec, WITHOUT_MARKS } from '../../src/capture/capture-sql.ts'
import type { Database } from '../servers/database.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { MARKS_LOG } from './marks-log.ts'

const IS_FULL = process.env.QJ_TEST_TIER === 'full'
const QUARTER = 900_000
const spec: CaptureSpec = { schema: 'quarterjack', source: 'calls', time: 'at', timeZone: null, grainMs: QUARTER, leaves: false }
/** So old that it remembers. */
const BEGIN = 'begin; select pg_sleep(0.001);'

describe.each(IS_FULL ? (['system', 'embedded'] as const) : (['system'] as const))('%s', (version) => {
  let server: PostgresServer
  let database: Database
  let pool: Pool

  beforeAll(async () => {
    server = await startPostgres({ version })
  })
  afterAll(() => server.close())
  beforeEach(async () => {
    database = await server.createDatabase()
    pool = new Pool({ ...database.poolSettings, max: 2 })
    pool.on('error', () => undefined)
    await pool.query(`${MARKS_LOG}
      create table calls (id int, at timestamptz);
      ${captureFunctionSql(spec)}
      ${captureTriggersSql(spec)}`)
  })
  afterEach(async () => {
    await pool.end()
    await database.drop()
  })

  /** The marks so far, in their order, which are taken out of the log. */
  async function marks(): Promise<readonly string[]> {
    const { rows } = await pool.query(
      `with gone as (delete from quarterjack.marks returning *) select kind, from_at from gone order by id, from_at`,
    )
    return rows.map(({ kind, from_at: from }) => `${kind} ${new Date(Number(from)).toISOString().slice(5, 16)}`)
  }
  const add = (...instants: readonly string[]): string =>
    `insert into calls values ${instants.map((at) => (at === 'null' ? '(1, null)' : `(1, '${at.includes('infinity') ? at : `2026-01-01 ${at}Z`}')`)).join(', ')};`

  it('a window that is remembered is not marked again, up to its last microsecond; what is before and after it is', async () => {
    await pool.query(`${BEGIN} ${add('10:00')} ${add('10:14:59.999999')} ${add('10:00', '10:07', '10:14')} commit`)
    expect(await marks()).toEqual(['added 01-01T10:00'])
    await pool.query(`${BEGIN} ${add('10:00')} ${add('09:59:59.999999')} commit; ${BEGIN} ${add('10:00')} ${add('10:15')} commit`)
    expect(await marks()).toEqual(['added 01-01T10:00', 'added 01-01T09:45', 'added 01-01T10:00', 'added 01-01T10:15'])
  })

  it('rows of one statement that are partly in it have their other windows marked, and it stays remembered', async () => {
    await pool.query(`${BEGIN} ${add('10:00')} ${add('10:01', '10:20', '09:50')} ${add('10:02')} commit`)
    expect((await marks()).toSorted()).toEqual(['added 01-01T09:45', 'added 01-01T10:00', 'added 01-01T10:00', 'added 01-01T10:15'])
  })

  it('several rows of one other window are remembered, too', async () => {
    await pool.query(`${BEGIN} ${add('10:00')} ${add('10:20', '10:29')} ${add('10:15', '10:16')} commit`)
    expect(await marks()).toEqual(['added 01-01T10:00', 'added 01-01T10:15'])
  })

  it('instants that are infinite or null are in no window, and hide none', async () => {
    const none = ['infinity', '-infinity', 'null']
    await pool.query(`${BEGIN} ${none.map((at) => add(at)).join(' ')} ${add(...none)} commit`)
    expect(await marks()).toEqual([])
    await pool.query(`${BEGIN} ${add('10:00', ...none)} ${none.map((at) => add(at)).join(' ')} ${add(...none, '10:01')} commit`)
    expect(await marks()).toEqual(['added 01-01T10:00'])
    await pool.query(`${BEGIN} ${add('10:00')} ${add(...none, '10:20')} ${add('10:20', ...none)} commit`)
    expect(await marks()).toEqual(['added 01-01T10:00', 'added 01-01T10:15'])
  })

  it('an UPDATE that moves a row out of it, or into it, has both windows marked', async () => {
    await pool.query(add('10:00', '11:00'))
    await marks()
    const move = (from: string, to: string): string => `update calls set at = '2026-01-01 ${to}Z' where at = '2026-01-01 ${from}Z';`
    await pool.query(`${BEGIN} ${move('10:00', '10:01')} ${move('10:01', '10:30')} commit`)
    expect(await marks()).toEqual(['changed 01-01T10:00', 'changed 01-01T10:00', 'changed 01-01T10:30'])
    await pool.query(`${BEGIN} ${move('10:30', '10:31')} ${move('11:00', '10:32')} ${move('10:32', '10:33')} commit`)
    expect(await marks()).toEqual(['changed 01-01T10:30', 'changed 01-01T10:30', 'changed 01-01T11:00'])
  })

  it('it is forgotten with a savepoint, as its mark, and the one before it is remembered', async () => {
    await pool.query(
      `${BEGIN} ${add('10:00')} savepoint s; ${add('11:00')} rollback to s; ${add('10:01')} ${add('11:00')} release s; ${add('11:01')} commit`,
    )
    expect(await marks()).toEqual(['added 01-01T10:00', 'added 01-01T11:00'])
  })

  it('settings of the session do not change what it is', async () => {
    const odd = `set local extra_float_digits = -15; set local datestyle = 'German'; set local timezone = 'Asia/Kathmandu'; set local intervalstyle = 'iso_8601';`
    await pool.query(
      `${BEGIN} ${odd} ${add('10:00')} ${add('10:14:59')} ${add('10:15')} ${add('10:29')} set local timezone = 'UTC'; ${add('10:20')} ${add('10:14')} commit`,
    )
    expect(await marks()).toEqual(['added 01-01T10:00', 'added 01-01T10:15', 'added 01-01T10:00'])
  })

  it('the functions and operators of the writer do not, either', async () => {
    await pool.query(`begin; create schema mine; set local search_path = mine, public, pg_catalog;
      create function mine.never(timestamptz, timestamptz) returns boolean language sql as 'select false';
      create operator mine.<> (leftarg = timestamptz, rightarg = timestamptz, function = mine.never);
      create function mine.nowhere(bigint, float8) returns boolean language sql as 'select false';
      create operator mine.<> (leftarg = bigint, rightarg = float8, function = mine.nowhere);
      create function mine.to_timestamp(float8) returns timestamptz language sql as 'select now()';
      create function mine.date_bin(interval, timestamptz, timestamptz) returns timestamptz language sql as 'select now()';
      create type mine.float8 as (a int); create temporary table added (at timestamptz);
      select pg_catalog.pg_sleep(0.001);
      insert into public.calls values (1, '2026-01-01 10:00Z'); insert into public.calls values (1, '2026-01-01 10:14Z');
      insert into public.calls values (1, '2026-01-01 10:15Z'), (1, '2026-01-01 10:31Z'); commit; discard temp`)
    expect((await marks()).toSorted()).toEqual(['added 01-01T10:00', 'added 01-01T10:15', 'added 01-01T10:30'])
    await pool.query('drop schema mine cascade')
  })

  it('where marks are turned off, none is made, remembered or not', async () => {
    const off = `set local ${WITHOUT_MARKS} = 'on';`
    await pool.query(`${BEGIN} ${off} ${add('10:00')} truncate calls; commit; begin; ${off} ${add('10:00')} commit`)
    expect(await marks()).toEqual([])
    await pool.query(
      `${BEGIN} ${add('10:00')} ${off} ${add('10:20')} ${add('10:01')} set local ${WITHOUT_MARKS} = ''; ${add('10:20')} commit`,
    )
    expect(await marks()).toEqual(['added 01-01T10:00', 'added 01-01T10:15'])
  })

  it('instants without a zone are compared as they are meant', async () => {
    const notes = { ...spec, source: 'notes', timeZone: 'Europe/Berlin' }
    await pool.query(`create table notes (at timestamp); ${captureFunctionSql(notes)} ${captureTriggersSql(notes)}`)
    const note = (at: string): string => `insert into notes values ('2026-03-29 ${at}');`
    // The clocks go from 2:00 to 3:00: 2:05 is written for 3:05.
    await pool.query(`${BEGIN} ${note('03:00')} ${note('02:05')} ${note('01:59')} commit`)
    expect(await marks()).toEqual(['added 03-29T01:00', 'added 03-29T00:45'])
  })

  it.each([QUARTER, 1_300])('instants far away are marked, and remembered, in windows of %d ms', async (grainMs) => {
    const far = [
      `'294200-12-31 23:59:59Z'`,
      `'4713-01-01 00:00Z BC'`,
      `'0001-01-01 00:00Z'`,
      `'2026-01-01 10:00:00.4Z'`,
      `'2026-01-01 10:20Z'`,
    ]
    await pool.query(captureFunctionSql({ ...spec, grainMs }))
    const twice = far.map((at) => `insert into calls values (1, ${at}); insert into calls values (2, ${at});`).join(' ')
    await pool.query(`${BEGIN} ${twice} commit`)
    const { rows } = await pool.query('delete from quarterjack.marks returning from_at')
    expect(new Set(rows.map(({ from_at: from }) => from)).size).toBe(far.length)
    expect(rows).toHaveLength(far.length)
  })

  it('random transactions have every window marked that they changed', async () => {
    for (let seed = 1; seed <= (IS_FULL ? 200 : 8); seed++) {
      const client = await pool.connect()
      const changed = await live(client, seed).finally(() => client.release())
      const found = new Set(await marks())
      expect(
        [...changed].filter((mark) => !found.has(mark)),
        `seed ${seed}`,
      ).toEqual([])
      await pool.query('truncate calls, quarterjack.marks')
    }
  }, 300_000)
})

/** One transaction on four windows, with savepoints. Answers the marks that it cannot do without. */
async function live(client: PoolClient, seed: number): Promise<ReadonlySet<string>> {
  const random = seededRandom(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const minute = (): number => below(60)
  const windowOf = (at: number): string => `01-01T10:${`${at - (at % 15)}`.padStart(2, '0')}`
  const instant = (at: number): string => `'2026-01-01 10:${`${at}`.padStart(2, '0')}Z'`
  let now = { rows: new Map<number, number>(), changed: new Set<string>() }
  const saved: (typeof now)[] = []
  const copy = () => ({ rows: new Map(now.rows), changed: new Set(now.changed) })
  let id = 0
  await client.query(seed % 3 === 0 ? 'begin' : BEGIN)
  for (let step = 0; step < 40; step++) {
    const kind = below(12)
    if (kind < 5) {
      const rows = Array.from({ length: kind < 3 ? 1 : 1 + below(4) }, () => [id++, minute()] as const)
      await client.query(`insert into calls values ${rows.map(([key, at]) => `(${key}, ${instant(at)})`).join(', ')}, (-1, 'infinity')`)
      for (const [key, at] of rows) now.changed.add(`added ${windowOf(now.rows.set(key, at).get(key) ?? 0)}`)
    } else if (kind < 9) {
      const key = below(id + 1)
      const [old, at] = [now.rows.get(key), minute()]
      const isUpdate = kind < 8
      await client.query(isUpdate ? `update calls set at = ${instant(at)} where id = ${key}` : `delete from calls where id = ${key}`)
      if (old === undefined) continue
      now.changed.add(`${isUpdate ? 'changed' : 'removed'} ${windowOf(old)}`)
      if (isUpdate) now.changed.add(`changed ${windowOf(at)}`)
      if (isUpdate) now.rows.set(key, at)
      else now.rows.delete(key)
    } else if (kind < 11) {
      await client.query(`savepoint s${saved.length}`)
      saved.push(copy())
    } else {
      const before = saved.pop()
      if (before === undefined) continue
      await client.query(`rollback to s${saved.length}; release s${saved.length}`)
      now = before
    }
  }
  await client.query('commit')
  return now.changed
}
