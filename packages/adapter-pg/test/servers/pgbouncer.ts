/** A real PgBouncer in transaction mode in front of a server: sessions change hands with every transaction. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { aptInstall } from '@quarterjack/fault-kit/apt-install'
import { freePort } from '@quarterjack/fault-kit/free-port'
import { Client } from 'pg'
import { createServerDirectory } from './data-directory.ts'
import { poolSettingsOf, type PoolSettings } from './database.ts'
import { findProgram } from './find-binaries.ts'
import { startGuard } from './guard.ts'
import { serverUser } from './server-user.ts'

/** A running PgBouncer. It ends with the test process, however that ends. */
export interface Pgbouncer extends AsyncDisposable {
  readonly port: number
  /** The same database as `url` of the server, by way of PgBouncer. */
  through(url: string): { readonly url: string; readonly poolSettings: PoolSettings }
  close(): Promise<void>
}

/** What {@link startPgbouncer} starts. */
export interface PgbouncerOptions {
  /** The server behind it, as its superuser. */
  readonly url: string
  /** Connections to the server. Default 8: few, so that they change hands. */
  readonly poolSize?: number
  /** Lines of its section `[pgbouncer]`, on top of those that this file chooses. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Starts PgBouncer; installs it on Debian as root; else fails and says what to install. */
export async function startPgbouncer(options: PgbouncerOptions): Promise<Pgbouncer> {
  const program = await obtainProgram()
  const directory = await createServerDirectory()
  const guard = startGuard(directory)
  const port = await freePort()
  const through: Pgbouncer['through'] = (url) => {
    const own = new URL(url)
    own.host = `127.0.0.1:${port}`
    return { url: own.href, poolSettings: poolSettingsOf(own.href) }
  }
  const close = (): Promise<void> => guard.release()
  try {
    const config = join(directory, 'pgbouncer.ini')
    await writeFile(config, configText(options, port), { mode: 0o644 })
    const log = openSync(join(directory, 'log'), 'a')
    const child = spawn(program, [config], { ...serverUser(), cwd: directory, stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    child.unref()
    if (child.pid === undefined) throw new Error(`${program} cannot be started.`, { cause: (await once(child, 'error'))[0] })
    guard.watch([child.pid])
    await untilAnswers(through(options.url).url, child).catch(async (cause: unknown) => {
      throw new Error(`PgBouncer does not answer. Its log:\n${await readFile(join(directory, 'log'), 'utf8')}`, { cause })
    })
    return { port, through, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await guard.release()
    throw error
  }
}

async function obtainProgram(): Promise<string> {
  const find = (): string | undefined => findProgram('pgbouncer', 'QJ_TEST_PGBOUNCER')
  const found = find() ?? ((await aptInstall('pgbouncer')) ? find() : undefined)
  if (found !== undefined) return found
  throw new Error(
    'There is no PgBouncer on this machine, and these tests need one. Install it (Debian, Ubuntu: apt-get install pgbouncer; ' +
      'macOS: brew install pgbouncer), or set QJ_TEST_PGBOUNCER to its program.',
  )
}

function configText({ url, poolSize = 8, settings = {} }: PgbouncerOptions, port: number): string {
  const server = poolSettingsOf(url)
  const password = server.password === undefined ? '' : ` password=${server.password}`
  const lines = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    // Whoever connects is taken for the user below.
    auth_type: 'any',
    pool_mode: 'transaction',
    default_pool_size: String(poolSize),
    max_client_conn: '1000',
    ignore_startup_parameters: 'extra_float_digits',
    ...settings,
  }
  return [
    '[databases]',
    `* = host=${server.host} port=${server.port} user=${server.user}${password}`,
    '[pgbouncer]',
    ...Object.entries(lines).map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n')
}

const PATIENCE_MS = 20_000

async function untilAnswers(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const client = new Client({ connectionString: url })
    try {
      await client.connect()
      await client.query('select 1')
      return
    } catch (error) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) throw error
      await sleep(20)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}
