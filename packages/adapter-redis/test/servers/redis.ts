/** Private Redis servers: started in a few milliseconds, torn down, killed and frozen as a test likes. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '@quarterjack/fault-kit/free-port'
import { type Answer, askServer } from './ask-server.ts'
import { findRedis } from './find-program.ts'
import { type Guard, startGuard } from './guard.ts'

/** What {@link startRedis} starts. */
export interface RedisServerOptions {
  /** Default: the Redis of the system. */
  readonly program?: string
  /** Whether what is written survives the end of the process. Default false. */
  readonly appendOnly?: boolean
  /** Of the user `default`, whom {@link RedisServer.ask} asks as. Default: none. */
  readonly password?: string
  /** Other users, as `ACL SETUSER` takes them: `worker on >secret ~* +@all`. */
  readonly users?: readonly string[]
  /** Lines of the configuration, on top of those that this file writes. */
  readonly config?: readonly string[]
  /** It watches over other servers, and keeps nothing itself. Default false. */
  readonly isSentinel?: boolean
}

/** A running server of the test's own. It ends with the test process, however that ends. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string
  readonly host: '127.0.0.1'
  readonly port: number
  /** As the program prints it. */
  readonly version: string
  /** One command, past every client. */
  ask(...command: readonly string[]): Promise<Answer>
  /** In order: what is to be kept is written first. */
  stop(): Promise<void>
  /** After {@link stop} or {@link kill}: on the same port, with the data that was kept. */
  start(): Promise<void>
  restart(): Promise<void>
  /** At once, as when the machine loses power; connections break without a word. */
  kill(): Promise<void>
  /** Freezes it: connections stay open, and nothing answers. */
  pause(): void
  resume(): void
  /** What it has logged so far. */
  log(): Promise<string>
  /** Ends it and removes what it kept. */
  close(): Promise<void>
}

/** Starts a private server in a directory of its own. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const program = options.program ?? (await findRedis())
  const { stdout } = await promisify(execFile)(program, ['--version'])
  const directory = await mkdtemp(join(tmpdir(), 'quarterjack-redis-'))
  const guard = startGuard(directory)
  try {
    const port = await freePort()
    const configFile = join(directory, 'redis.conf')
    await writeFile(configFile, configOf(options, port, directory))
    const args = [configFile, ...(options.isSentinel === true ? ['--sentinel'] : [])]
    return await launch({ program, args, version: stdout.trim(), directory, guard, port, password: options.password })
  } catch (error) {
    await guard.release()
    throw error
  }
}

function configOf(
  { appendOnly = false, password, users = [], config = [], isSentinel = false }: RedisServerOptions,
  port: number,
  directory: string,
): string {
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir "${directory}"`,
    ...(isSentinel ? [] : ['save ""', `appendonly ${appendOnly ? 'yes' : 'no'}`]),
    ...(password === undefined ? [] : [`requirepass "${password}"`]),
    ...users.map((user) => `user ${user}`),
    ...config,
  ]
  return `${lines.join('\n')}\n`
}

interface Place {
  readonly program: string
  readonly args: readonly string[]
  readonly version: string
  readonly directory: string
  readonly guard: Guard
  readonly port: number
  readonly password: string | undefined
}

async function launch({ program, args, version, directory, guard, port, password }: Place): Promise<RedisServer> {
  let running: ChildProcess | null = null

  const signal = (name: NodeJS.Signals): void => {
    if (running === null) throw new Error('This Redis server does not run; start() it first.')
    running.kill(name)
  }
  const gone = async (): Promise<void> => {
    if (running !== null && running.exitCode === null && running.signalCode === null) {
      running.ref()
      await once(running, 'exit')
    }
    running = null
    guard.watch(null)
  }
  const logFile = join(directory, 'log')
  const server: RedisServer = {
    url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    version,
    ask: (...command) => askServer({ port, ...(password === undefined ? {} : { password }) }, ...command),
    async start() {
      if (running !== null) throw new Error('This Redis server runs already.')
      const log = openSync(logFile, 'a')
      const child = spawn(program, [...args], { cwd: directory, stdio: ['ignore', log, log], detached: true })
      closeSync(log)
      child.unref()
      if (child.pid === undefined) {
        const [cause] = await once(child, 'error')
        throw new Error(`${program} cannot be started.`, { cause })
      }
      running = child
      guard.watch(child.pid)
      await untilReady(server, child).catch(async (error: unknown) => {
        child.kill('SIGKILL')
        await gone()
        throw error
      })
    },
    async stop() {
      server.resume()
      signal('SIGTERM')
      await gone()
    },
    async restart() {
      await server.stop()
      await server.start()
    },
    async kill() {
      signal('SIGKILL')
      await gone()
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    log: () => readFile(logFile, 'utf8'),
    async close() {
      if (running !== null) await server.kill()
      await guard.release()
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
  await server.start()
  return server
}

const PATIENCE_MS = 30_000

/** It takes commands, and has loaded what it kept. */
async function untilReady(server: RedisServer, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const answer = await server.ask('PING').catch((error: unknown) => error)
    const isOver = child.exitCode !== null || child.signalCode !== null
    // Whoever refuses, answers.
    if (!isOver && (answer === 'PONG' || (answer instanceof Error && /^(?:NOAUTH|NOPERM|WRONGPASS)/.test(answer.message)))) return
    if (isOver || performance.now() > deadline) {
      const log = await server.log()
      throw new Error(
        `${server.version} ${isOver ? 'ended while it started' : `was not ready within ${PATIENCE_MS} ms`}. Its log ends:\n${log.slice(-2_000)}`,
      )
    }
    await sleep(5)
  }
}
