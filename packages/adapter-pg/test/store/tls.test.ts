/** A server that takes its service's connections over TLS only, with a certificate of an authority of its own. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, defineJob, every } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolConfig } from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import { type Certificates, createCertificates } from '../servers/certificates.ts'
import type { Database } from '../servers/database.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'

/** Who is known by a password, and only over TLS; the tests' own superuser may do as it likes. */
const HBA = `
  hostssl all service all scram-sha-256
  hostnossl all service all reject
  host all all all trust
`

let certificates: Certificates
let server: PostgresServer
let database: Database
/** The tests' own. */
let root: Pool

beforeAll(async () => {
  certificates = await createCertificates()
  const hbaFile = await certificates.write('hba', HBA)
  server = await startPostgres({ settings: { ...certificates.settings, hba_file: hbaFile } })
  database = await server.createDatabase()
  root = new Pool({ ...database.poolSettings, max: 1 })
  await root.query(`create role service login password 'secret'; do $$ begin
    execute format('grant create on database %I to service', current_database()); end $$`)
}, 60_000)
afterAll(async () => {
  await root.end()
  await server.close()
  await certificates[Symbol.asyncDispose]()
})

const settings = (): PoolConfig => ({ ...database.poolSettings, user: 'service', password: 'secret' })
const urlOf = (query = ''): string => `postgres://service:secret@127.0.0.1:${server.port}/${database.poolSettings.database}${query}`

interface Opened {
  readonly store: PgStore
  /** Takes a connection until it is given back. */
  take(): Promise<() => void>
  end(): Promise<unknown>
}
const overPool = (config: PoolConfig): Opened => {
  const pool = new Pool({ max: 2, ...config })
  const take = async (): Promise<() => void> => {
    const client = await pool.connect()
    return () => client.release()
  }
  return { store: pgStore({ pool }), take, end: () => pool.end() }
}
const overPostgresJs = (ssl: object | boolean): Opened => {
  const sql = postgres(urlOf(), { max: 2, ssl, onnotice: () => undefined })
  const take = async (): Promise<() => void> => {
    const reserved = await sql.reserve()
    return () => reserved.release()
  }
  return { store: pgStore({ sql }), take, end: () => sql.end() }
}

describe('a scheduler over TLS', () => {
  it.each<readonly [string, () => Opened]>([
    ['a pool with the CA', () => overPool({ ...settings(), ssl: { ca: certificates.ca } })],
    [
      'a pool whose URL says verify-full',
      () => overPool({ connectionString: urlOf(`?sslmode=verify-full&sslrootcert=${encodeURIComponent(certificates.caFile)}`) }),
    ],
    ['postgres.js with the CA', () => overPostgresJs({ ca: certificates.ca })],
  ])(
    'by way of %s: every connection is encrypted, also those beside the pool',
    async (_, openIt) => {
      const { store, take, end } = openIt()
      const ran: string[] = []
      const tick = defineJob({ name: 'tick', schedule: every('500ms'), run: () => void ran.push('tick') })
      const scheduler = createScheduler({ store, jobs: [tick], logger: false, lease: '2s' })
      await scheduler.start()
      await until('it listens', () => store.hintStatus.state === 'on')
      // The pool is taken, so renewals and other calls go out on connections of their own.
      const releases = [await take(), await take()]
      ran.length = 0
      await until('it ticks', () => ran.length > 2)
      const { rows } = await root.query<{ ssl: boolean; n: number }>(
        `select s.ssl, count(*)::int as n from pg_stat_ssl s join pg_stat_activity a using (pid) where a.usename = 'service' group by 1`,
      )
      expect(rows).toEqual([{ ssl: true, n: expect.any(Number) }])
      expect(rows[0]?.n).toBeGreaterThanOrEqual(3)
      for (const release of releases) release()
      expect(await scheduler.health()).toMatchObject({ status: 'ok' })
      await scheduler.stop()
      await store.close()
      await end()
      await root.query('drop schema quarterjack cascade')
    },
    60_000,
  )
})

describe('what TLS refuses has a code and the remedy', () => {
  it.each<readonly [string, () => Opened, RegExp]>([
    ['the CA of somebody else', () => overPool({ ...settings(), ssl: { ca: certificates.strangersCa } }), /certificate.*not trusted.*CA/s],
    ['no CA at all', () => overPool({ ...settings(), ssl: true }), /certificate.*not trusted.*CA/s],
    ['a CA of somebody else, postgres.js', () => overPostgresJs({ ca: certificates.strangersCa }), /certificate.*not trusted.*CA/s],
    [
      'another host name',
      () => overPool({ ...settings(), ssl: { ca: certificates.ca, servername: 'elsewhere.example' } }),
      /for another host name/,
    ],
    ['no TLS', () => overPool(settings()), /may want TLS.*"ssl" option/],
    ['a wrong password', () => overPool({ ...settings(), password: 'guess', ssl: { ca: certificates.ca } }), /user and password/],
  ])('%s', async (_, openIt, remedy) => {
    const { store, end } = openIt()
    await expect(store.open()).rejects.toMatchObject({ code: 'StoreUnavailable', message: expect.stringMatching(remedy) })
    await store.close()
    await end()
  })

  it('a server that does not speak it', async () => {
    await using plain = await startPostgres()
    const { store, end } = overPool({ ...plain.poolSettings, ssl: { ca: certificates.ca } })
    await expect(store.open()).rejects.toMatchObject({ code: 'StoreUnavailable', message: expect.stringMatching(/"ssl" option/) })
    await store.close()
    await end()
  })
})

it('a password that is changed under a running scheduler: health says so, and work goes on with the new one', async () => {
  let password = 'secret'
  const pool = new Pool({ ...settings(), password: () => password, ssl: { ca: certificates.ca }, max: 2 })
  const store = pgStore({ pool })
  const mail = defineJob({ name: 'mail', run: () => 'sent' })
  const scheduler = createScheduler({ store, jobs: [mail], logger: false, lease: '2s' })
  await scheduler.start()
  await root.query(`alter role service password 'changed'`)
  await until('health tells', async () => {
    // Again and again: one may have been let in with the old one a moment ago.
    await root.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'service'`)
    const { status, store: seen } = await scheduler.health()
    return status === 'unhealthy' && !seen.reachable && /user and password/.test(seen.error ?? '')
  })
  await sleep(2_500)
  password = 'changed'
  await until('health is fine', async () => (await scheduler.health()).status === 'ok')
  expect(await (await scheduler.trigger(mail)).finished()).toBe('sent')
  await scheduler.stop()
  await store.close()
  await pool.end()
}, 60_000)
