/** Private Postgres servers: started in a fraction of a second, torn down, killed and frozen as a test likes. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@quarterjack/fault-kit/free-port'
import { signal } from '@quarterjack/fault-kit/signal'
import { createDataDirectory, createServerDirectory } from './data-directory.ts'
import { createDatabaseAt, type Database, type PoolSettings } from './database.ts'
import { findBinaries, type PostgresBinaries, type PostgresVersion } from './find-binaries.ts'
import { startGuard, type Guard } from './guard.ts'
import { childrenOf, untilEnded } from './processes.ts'
import { serverUser } from './server-user.ts'

/** What {@link startPostgres} starts. */
export interface PostgresOptions {
  /** Default `system`. */
  readonly version?: PostgresVersion
  /** Whether what is committed survives a crash, at its price. Default false. */
  readonly durable?: boolean
  /** Settings of the server, on top of those that this file chooses. */
  readonly settings?: Readonly<Record<string, string>>
}

/** `fast`: transactions are rolled back. `immediate`: as after a crash, the next start recovers. */
export type StopMode = 'fast' | 'immediate'

/** Where tests get databases. */
export interface PostgresAccess extends AsyncDisposable {
  /** Of a database that exists, as a superuser. */
  readonly url: string
  readonly poolSettings: PoolSettings
  /** A fresh, empty database. */
  createDatabase(): Promise<Database>
  /** Ends it and removes what it kept. */
  close(): Promise<void>
}

/** A running server of the test's own. It ends with the test process, however that ends. */
export interface PostgresServer extends PostgresAccess {
  readonly major: number
  readonly port: number
  stop(mode?: StopMode): Promise<void>
  /** After {@link stop} or {@link kill}: on the same port, with the same data. */
  start(): Promise<void>
  restart(mode?: StopMode): Promise<void>
  /** Ends every process at once, as when the machine loses power; connections break without a word. */
  kill(): Promise<void>
  /** Freezes every process: connections stay open, and nothing answers. */
  pause(): Promise<void>
  resume(): void
  /** What the server has logged so far. */
  log(): Promise<string>
}

/** Starts a private server in a directory of its own. */
export async function startPostgres({ version = 'system', durable = false, settings = {} }: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = await findBinaries(version)
  const directory = await createServerDirectory()
  const guard = startGuard(directory)
  try {
    const data = await createDataDirectory(binaries, directory)
    const config = { ...BASE_SETTINGS, ...(durable ? {} : HASTY_SETTINGS), ...settings }
    return await launch({ binaries, directory, data, config, guard, port: await freePort() })
  } catch (error) {
    await guard.release()
    throw error
  }
}

const BASE_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '32MB',
  shared_preload_libraries: '',
  timezone: 'UTC',
  lc_messages: 'C',
}

/** Nobody reads this data after a crash. */
const HASTY_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

interface Cluster {
  readonly binaries: PostgresBinaries
  readonly directory: string
  readonly data: string
  readonly config: Readonly<Record<string, string>>
  readonly guard: Guard
  readonly port: number
}

async function launch(cluster: Cluster): Promise<PostgresServer> {
  const { guard, port } = cluster
  let running: ChildProcess | null = null
  let frozen: readonly number[] = []

  const pid = (): number => {
    if (running?.pid === undefined) throw new Error('This Postgres server does not run; start() it first.')
    return running.pid
  }
  const gone = async (): Promise<void> => {
    if (running !== null && running.exitCode === null && running.signalCode === null) {
      running.ref()
      await once(running, 'exit')
    }
    running = null
    frozen = []
    guard.watch([])
  }
  const server: PostgresServer = {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    poolSettings: { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' },
    major: cluster.binaries.major,
    port,
    createDatabase: () => createDatabaseAt(server.url),
    async start() {
      if (running !== null) throw new Error('This Postgres server runs already.')
      const child = await spawnServer(cluster)
      running = child
      guard.watch([pid()])
      await untilReady(cluster, child).catch(async (error: unknown) => {
        signal(pid(), 'SIGQUIT')
        await gone()
        throw error
      })
    },
    async stop(mode = 'fast') {
      server.resume()
      signal(pid(), mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await gone()
    },
    async restart(mode) {
      await server.stop(mode)
      await server.start()
    },
    async kill() {
      await server.pause()
      const killed = frozen
      for (const one of killed) signal(one, 'SIGKILL')
      await gone()
      // A start beside one that still has the shared memory would be refused.
      await untilEnded(killed)
    },
    async pause() {
      // The parent first: it makes no more children then.
      signal(pid(), 'SIGSTOP')
      const children = await childrenOf(pid())
      for (const child of children) signal(child, 'SIGSTOP')
      frozen = [pid(), ...children]
      guard.watch(frozen)
    },
    resume() {
      for (const one of frozen) signal(one, 'SIGCONT')
      frozen = []
      if (running !== null) guard.watch([pid()])
    },
    log: () => readFile(join(cluster.directory, 'log'), 'utf8'),
    async close() {
      if (running !== null) await server.stop('immediate')
      await guard.release()
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
  await server.start()
  return server
}

async function spawnServer({ binaries, directory, data, port, config }: Cluster): Promise<ChildProcess> {
  const flags = Object.entries({ ...config, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openSync(join(directory, 'log'), 'a')
  const child = spawn(binaries.postgres, ['-D', data, ...flags], {
    ...serverUser(),
    cwd: directory,
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  child.unref()
  if (child.pid !== undefined) return child
  const [cause] = await once(child, 'error')
  throw new Error(`${binaries.postgres} cannot be started as user ${serverUser().uid ?? 'of this process'}.`, { cause })
}

const PATIENCE_MS = 60_000

/** The server writes into its pid file when it takes connections; before that, the file may be one of an earlier start. */
async function untilReady({ binaries, directory, data }: Cluster, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return
    const isOver = child.exitCode !== null || child.signalCode !== null
    if (isOver || performance.now() > deadline) {
      const log = await readFile(join(directory, 'log'), 'utf8')
      throw new Error(
        `${binaries.version} ${isOver ? 'ended while it started' : `was not ready within ${PATIENCE_MS} ms`}. Its log ends:\n${log.slice(-2_000)}`,
      )
    }
    await sleep(10)
  }
}
