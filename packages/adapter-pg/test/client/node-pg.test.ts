/** What is special to pools of `pg`: few connections, dead ones, silent ones, poolers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolConfig } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDriver, type Driver } from '../../src/client/driver.ts'
import { createNodePgClient, type PgPool, type PgPoolClient } from '../../src/client/node-pg.ts'
import { startPgbouncer } from '../servers/pgbouncer.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
  const pool = new Pool(server.poolSettings)
  await pool.query(`create function public.echo(p json) returns json language sql as 'select p'`)
  await pool.end()
})
afterAll(() => server.close())

/** A driver over a pool, ended afterwards. */
async function withPool(config: PoolConfig, work: (driver: Driver, pool: Pool) => Promise<void>): Promise<void> {
  const pool = new Pool({ ...server.poolSettings, ...config })
  const driver = createDriver(createNodePgClient(pool), { store: 'pg', schema: 'public' })
  try {
    await work(driver, pool)
  } finally {
    await driver.close()
    await pool.end()
  }
}

const sessions = async (): Promise<number> => {
  const pool = new Pool({ ...server.poolSettings, max: 1 })
  const { rows } = await pool.query<{ count: number }>(`select count(*)::int from pg_stat_activity where backend_type = 'client backend'`)
  await pool.end()
  return (rows[0]?.count ?? 0) - 1
}

describe('a pool that the user has taken', () => {
  it('does not hold up urgent calls, and gets no more connections than one', async () => {
    await withPool({ max: 2 }, async (driver, pool) => {
      const taken = [await pool.connect(), await pool.connect()]
      const ordinary = driver.call('echo', { n: 0 })
      const urgent = await Promise.all([1, 2, 3].map((n) => driver.call('echo', { n }, { isUrgent: true })))
      expect(urgent).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
      expect(pool.totalCount).toBe(2)
      expect(await sessions()).toBe(3)
      expect(await Promise.race([ordinary, sleep(50, 'waits')])).toBe('waits')
      for (const client of taken) client.release()
      expect(await ordinary).toEqual({ n: 0 })
    })
    await until('no connection is left', async () => (await sessions()) === 0)
  })

  it('is used for urgent calls while it has room', async () => {
    await withPool({ max: 2 }, async (driver, pool) => {
      const taken = await pool.connect()
      await driver.call('echo', {}, { isUrgent: true })
      expect(pool.totalCount).toBe(2)
      expect(await sessions()).toBe(2)
      taken.release()
    })
  })

  it('is waited for when the server gives no further connection', async () => {
    await withPool({ max: 1 }, async (driver, pool) => {
      await pool.query(`create role crowded login connection limit 1`)
      const crowded = new Pool({ ...server.poolSettings, user: 'crowded', max: 1 })
      const own = createDriver(createNodePgClient(crowded), { store: 'pg', schema: 'public' })
      const taken = await crowded.connect()
      const urgent = own.call('echo', { n: 1 }, { isUrgent: true })
      expect(await Promise.race([urgent, sleep(100, 'waits')])).toBe('waits')
      taken.release()
      expect(await urgent).toEqual({ n: 1 })
      await own.close()
      await crowded.end()
      await driver.call('echo', {})
    })
  })

  it('may be one that tells nothing of itself', async () => {
    await withPool({ max: 1 }, async (_, pool) => {
      const plain: PgPool = { connect: () => pool.connect(), on: (event, listener) => pool.on(event, listener) }
      const driver = createDriver(createNodePgClient(plain), { store: 'pg', schema: 'public' })
      expect(driver.listen).toBeNull()
      expect(await driver.call('echo', { n: 1 }, { isUrgent: true })).toEqual({ n: 1 })
    })
  })
})

describe('a connection that dies', () => {
  it('harms nobody while it is idle, without a listener of the user', async () => {
    await withPool({ max: 2 }, async (driver, pool) => {
      await Promise.all([driver.call('echo', {}), driver.call('echo', {})])
      expect(pool.idleCount).toBe(2)
      await server.restart()
      await until('the pool has noticed', () => pool.totalCount === 0)
      expect(await driver.call('echo', { n: 1 })).toEqual({ n: 1 })
    })
  })

  it('fails its call with a code, and the next one has another', async () => {
    await withPool({ max: 1 }, async (driver) => {
      const call = driver.query('x', { sql: 'select pg_terminate_backend(pg_backend_pid())::text' })
      await expect(call).rejects.toMatchObject({ code: 'StoreUnavailable' })
      expect(await driver.call('echo', { n: 1 })).toEqual({ n: 1 })
    })
  })

  it('within a transaction takes the transaction with it', async () => {
    await withPool({ max: 1 }, async (driver, pool) => {
      const work = driver.transaction('x', async (connection) => {
        await connection.query('select pg_terminate_backend(pg_backend_pid())::text')
      })
      await expect(work).rejects.toMatchObject({ code: 'StoreUnavailable' })
      expect(pool.totalCount).toBe(0)
      expect(await driver.call('echo', { n: 1 })).toEqual({ n: 1 })
    })
  })

  it('is not given back when it stays silent', async () => {
    await withPool({ max: 1, query_timeout: 300 }, async (driver, pool) => {
      await driver.call('echo', {})
      await server.pause()
      await expect(driver.call('echo', {})).rejects.toMatchObject({ code: 'StoreTimedOut' })
      expect(pool.totalCount).toBe(0)
      server.resume()
      expect(await driver.call('echo', { n: 1 })).toEqual({ n: 1 })
    })
  })

  it('is one that is spare, and the next urgent call opens another', async () => {
    await withPool({ max: 1 }, async (driver, pool) => {
      const taken = await pool.connect()
      await driver.call('echo', {}, { isUrgent: true })
      await taken.query('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = $1', [
        'client backend',
      ])
      await sleep(50)
      expect(await driver.call('echo', { n: 1 }, { isUrgent: true })).toEqual({ n: 1 })
      taken.release()
    })
  })
})

describe('a connection that brings messages', () => {
  /** One that listens, and who serves a call that asks for what was heard. */
  async function withLine(work: (line: Line) => Promise<void>): Promise<void> {
    await withPool({ max: 2 }, async (driver, pool) => {
      const messages: string[] = []
      const lost: unknown[] = []
      const unlisten = await driver.listen?.('c', {
        onListening: () => undefined,
        onMessage: (message) => void messages.push(message),
        onLost: (error) => void lost.push(error),
      })
      const { rows } = await pool.query<{ pid: number }>(`select pid from pg_stat_activity where query = 'listen "c"'`)
      const line = rows[0]?.pid
      const say = async (message: string): Promise<void> => {
        await pool.query(`select pg_notify('c', $1)`, [message])
        await until('it was heard', () => messages.includes(message))
      }
      const whoServes = async (): Promise<'the line' | 'the pool'> =>
        (await driver.callWith('who', [''], { isHeard: true })) === line ? 'the line' : 'the pool'
      await work({ driver, pool, pid: line, lost, say, whoServes })
      await unlisten?.()
    })
  }

  interface Line {
    readonly driver: Driver
    readonly pool: Pool
    readonly pid: number | undefined
    readonly lost: readonly unknown[]
    readonly say: (message: string) => Promise<void>
    readonly whoServes: () => Promise<'the line' | 'the pool'>
  }

  beforeAll(async () => {
    const pool = new Pool(server.poolSettings)
    await pool.query(`
      create function public.who(p text) returns text language plpgsql as $$
      begin
        perform pg_sleep(case p when 'slow' then 0.2 else 0 end), 1 / (p <> 'no')::int;
        return pg_backend_pid();
      end $$;
      create function public.who_may(p text) returns text language plpgsql as $$
      begin
        if current_setting('my.role', true) is distinct from 'worker' then raise insufficient_privilege; end if;
        return pg_backend_pid();
      end $$;
      create function public.terminate_self(p text) returns text language sql as 'select pg_terminate_backend(pg_backend_pid())::text'`)
    await pool.end()
  })

  it('serves one call that asks for what was heard, and the pool all others', async () => {
    await withLine(async ({ driver, pid, say, whoServes }) => {
      expect(await whoServes()).toBe('the pool')
      await say('first')
      await say('second')
      expect(await driver.callWith('who', [''])).not.toBe(pid)
      expect(await whoServes()).toBe('the line')
      expect(await whoServes()).toBe('the pool')
      await say('third')
      expect(await whoServes()).toBe('the line')
    })
  })

  it('serves none that comes long after a message', async () => {
    await withLine(async ({ say, whoServes }) => {
      await say('first')
      await sleep(1_050)
      expect(await whoServes()).toBe('the pool')
    })
  })

  it('serves no second one at the same time, and hears what is said meanwhile', async () => {
    await withLine(async ({ driver, pid, say, whoServes }) => {
      await say('first')
      const slow = driver.callWith('who', ['slow'], { isHeard: true })
      await say('second')
      expect(await slow).toBe(pid)
      await say('third')
      const again = driver.callWith('who', ['slow'], { isHeard: true })
      expect(await whoServes()).toBe('the pool')
      expect(await again).toBe(pid)
    })
  })

  it('fails its call with a code when it dies, and is told of as lost', async () => {
    await withLine(async ({ driver, lost, say, whoServes }) => {
      await say('first')
      const call = driver.callWith('terminate_self', [''], { isHeard: true })
      await expect(call).rejects.toMatchObject({ code: 'StoreUnavailable' })
      await until('it is lost', () => lost.length > 0)
      expect(lost).toHaveLength(1)
      expect(await whoServes()).toBe('the pool')
    })
  })

  it('is left alone where it may not what connections of the pool may, and no call fails for it', async () => {
    await withLine(async ({ driver, pid, pool, say, whoServes }) => {
      await pool.query(`set my.role = 'worker'`)
      await say('first')
      expect(await driver.callWith('who_may', [''], { isHeard: true })).not.toBe(pid)
      await say('second')
      expect(await whoServes()).toBe('the pool')
    })
  })

  it('stays when the server says no', async () => {
    await withLine(async ({ driver, lost, say, whoServes }) => {
      await say('first')
      await expect(driver.callWith('who', ['no'], { isHeard: true })).rejects.toMatchObject({ code: expect.any(String) })
      await say('second')
      expect(await whoServes()).toBe('the line')
      expect(lost).toEqual([])
    })
  })
})

describe('a pool that cannot serve', () => {
  it('is ended: says so', async () => {
    const pool = new Pool(server.poolSettings)
    const driver = createDriver(createNodePgClient(pool), { store: 'pg', schema: 'public' })
    await pool.end()
    await expect(driver.call('echo', {})).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/client was ended/),
    })
  })

  it.each([
    [{ port: 1 }, /Check host and port/],
    [{ database: 'nowhere' }, /Create the database/],
    [{ user: 'nobody' }, /user and password/],
  ])('%j: says what to do', async (settings, remedy) => {
    await withPool(settings, async (driver) => {
      await expect(driver.call('echo', {})).rejects.toThrow(remedy)
    })
  })
})

describe('behind a pooler that hands sessions around', () => {
  it('prepared statements are given up, and no call is lost', async () => {
    await using bouncer = await startPgbouncer({ url: server.url, poolSize: 2 })
    await withPool({ ...bouncer.through(server.url).poolSettings, max: 8 }, async (driver) => {
      for (let round = 0; round < 5; round++) {
        const asked = Array.from({ length: 40 }, (_, n) => ({ n }))
        expect(await Promise.all(asked.map((request) => driver.call('echo', request)))).toEqual(asked)
      }
    })
  })
})

describe('a transaction that could not be taken back', () => {
  const failure = Object.assign(new Error('division by zero'), { code: '22012', severity: 'ERROR' })
  const fail = async (): Promise<never> => {
    throw failure
  }

  it('costs its connection, and keeps the first error', async () => {
    const released: unknown[] = []
    const client: PgPoolClient = {
      async query({ text }) {
        if (text === 'rollback') throw new Error('Query read timeout')
        return { rows: [] }
      },
      on: () => undefined,
      removeListener: () => undefined,
      release: (error) => void released.push(error),
    }
    const seam = createNodePgClient({ connect: async () => client, on: () => undefined })
    await expect(seam.share(fail, new AbortController().signal)).rejects.toBe(failure)
    await expect(seam.transaction(fail)).rejects.toBe(failure)
    expect(released).toEqual([expect.any(Error), expect.any(Error)])
  })
})
