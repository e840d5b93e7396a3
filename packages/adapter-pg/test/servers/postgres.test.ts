/** The private servers themselves: what tests of faults rely on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { outwait, until } from '@quarterjack/fault-kit/poll'
import { Client, type QueryResult } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainPostgres } from './obtain-postgres.ts'
import { startPostgres, type PostgresServer } from './postgres.ts'

async function query(url: string, text: string): Promise<QueryResult['rows']> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

describe.each(['system', 'embedded'] as const)('a private server: %s', (version) => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ version, durable: true, settings: { work_mem: '5MB' } })
  }, 600_000)
  afterAll(() => server?.close())

  it('listens on its port only, with its settings', async () => {
    const [row] = await query(
      server.url,
      `select current_setting('unix_socket_directories') sockets, current_setting('fsync') fsync, current_setting('work_mem') work_mem,
        current_setting('server_version_num')::int / 10000 major`,
    )
    expect(row).toEqual({ sockets: '', fsync: 'on', work_mem: '5MB', major: server.major })
  })

  it('gives out databases that are empty, and removes them', async () => {
    const databases = await Promise.all([server.createDatabase(), server.createDatabase()])
    await query(databases[0].url, 'create table only_here ()')
    expect(await query(databases[1].url, `select to_regclass('only_here') found`)).toEqual([{ found: null }])
    for (const database of databases) await database.drop()
    expect(await query(server.url, `select from pg_database where datname like 'qj_test_%'`)).toEqual([])
  })

  it.each(['fast', 'immediate', 'kill'] as const)('keeps what was committed through an end: %s', async (mode) => {
    const table = `kept_${mode}`
    await query(server.url, `create table ${table} as select 42 n`)
    await (mode === 'kill' ? server.kill() : server.stop(mode))
    await expect(query(server.url, 'select 1')).rejects.toThrow('ECONNREFUSED')
    await server.start()
    expect(await query(server.url, `select n from ${table}`)).toEqual([{ n: 42 }])
  })

  it('answers nothing while it is paused, and everything afterwards', async () => {
    const client = new Client({ connectionString: server.url })
    await client.connect()
    await server.pause()
    let isAnswered = false
    const answer = client.query('select 1').then(() => {
      isAnswered = true
    })
    await outwait(200)
    expect(isAnswered).toBe(false)
    server.resume()
    await answer
    await client.end()
  })
})

describe('the end of the tests', () => {
  it.each(['running', 'paused'])('ends a server whose test was killed, and removes its data: %s', async (state) => {
    const script = new URL('./forgotten-server.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [script, state], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const { pid, directory } = JSON.parse(line) as { pid: number; directory: string }
    expect(isAlive(pid)).toBe(true)
    child.kill('SIGKILL')
    await until('the end of the server', () => !isAlive(pid) && !existsSync(directory))
  })
})

describe('plain tests', () => {
  it('use the server that DATABASE_URL names, and leave it running', async () => {
    await using other = await startPostgres()
    const before = process.env.DATABASE_URL
    process.env.DATABASE_URL = other.url
    try {
      const obtained = await obtainPostgres()
      const database = await obtained.createDatabase()
      expect(await query(database.url, 'select inet_server_port() port')).toEqual([{ port: other.port }])
      await database.drop()
      await obtained.close()
      expect(await query(other.url, 'select 1 n')).toEqual([{ n: 1 }])
    } finally {
      if (before === undefined) delete process.env.DATABASE_URL
      else process.env.DATABASE_URL = before
    }
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
