/** Ports for private servers. */
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FIRST = 20_000
const COUNT = 12_000

/** One file for each port that a test process has been given, with that process in it. */
const TAKEN = join(tmpdir(), `quarterjack-ports-${process.getuid?.() ?? 'all'}`)

const own = new Set<string>()
process.once('exit', () => {
  for (const file of own) rmSync(file, { force: true })
})

/**
 * A port of this machine that nobody listens on, and that no test process is given again while this one lives: a server
 * that is down for a moment would else find another test's server in its place. Below the ports that systems give to
 * outgoing connections: a client that retries while its server is down could be given the server's, and connect to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (reserve(port) && (await isFree(port))) return port
  }
}

function reserve(port: number): boolean {
  mkdirSync(TAKEN, { recursive: true })
  const file = join(TAKEN, String(port))
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch {
    // For whoever comes next; two who find it abandoned at once both take another.
    if (isAbandoned(file)) rmSync(file, { force: true })
    return false
  }
  own.add(file)
  return true
}

function isAbandoned(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}
