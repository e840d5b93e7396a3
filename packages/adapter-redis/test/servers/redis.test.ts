/** The private servers themselves: what tests of faults rely on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { until } from '@quarterjack/fault-kit/poll'
import { describe, expect, it } from 'vitest'
import { startCluster } from './cluster.ts'
import { startRedis } from './redis.ts'
import { startReplicated } from './replica.ts'
import { startSentinel } from './sentinel.ts'
import { findValkey, startValkey } from './valkey.ts'

describe('a private server', () => {
  it('keeps nothing, unless it is to', async () => {
    await using hasty = await startRedis()
    await using durable = await startRedis({ appendOnly: true })
    for (const server of [hasty, durable]) {
      await server.ask('SET', 'a', '1')
      await server.kill()
      await server.start()
    }
    expect(await hasty.ask('GET', 'a')).toBeNull()
    expect(await durable.ask('GET', 'a')).toBe('1')
    await durable.restart()
    expect(await durable.ask('GET', 'a')).toBe('1')
  })

  it('answers nothing while it is frozen', async () => {
    await using server = await startRedis()
    server.pause()
    const answer = server.ask('PING')
    await expect(Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, 'silence'))])).resolves.toBe('silence')
    server.resume()
    expect(await answer).toBe('PONG')
  })

  it('has the password, the users and the settings that it is given', async () => {
    await using server = await startRedis({
      password: 'secret',
      users: ['worker on >pw ~a:* +get'],
      config: ['maxmemory-policy noeviction'],
    })
    expect(await server.ask('CONFIG', 'GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
    expect(await server.ask('ACL', 'USERS')).toEqual(['default', 'worker'])
    expect(server.url).toContain(':secret@')
  })

  it.each(['running', 'paused'])('that is %s does not outlive a test process that is killed', async (state) => {
    const script = new URL('./forgotten-server.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [script, state], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const { pid, directory } = JSON.parse(line) as { pid: number; directory: string }
    expect(isAlive(pid)).toBe(true)
    child.kill('SIGKILL')
    await until('the end of the server', () => !isAlive(pid) && !existsSync(directory))
  })
})

describe('private servers together', () => {
  it('are a cluster, whose slots can be moved', async () => {
    await using cluster = await startCluster()
    const holder = await cluster.holderOf('{jobs}:a')
    const other = cluster.nodes.find((node) => node !== holder)!
    await holder.ask('SET', '{jobs}:a', '1')
    await expect(other.ask('GET', '{jobs}:a')).rejects.toThrow(/^MOVED/)
    await cluster.move('{jobs}:a', other)
    expect(await cluster.holderOf('{jobs}:a')).toBe(other)
    expect(await other.ask('GET', '{jobs}:a')).toBe('1')
  })

  it('are a primary and its replica, which can take over', async () => {
    await using servers = await startReplicated()
    await servers.primary.ask('SET', 'a', '1')
    await servers.caughtUp()
    await expect(servers.replica.ask('SET', 'a', '2')).rejects.toThrow(/^READONLY/)
    await servers.promote()
    await servers.replica.ask('SET', 'a', '2')
    expect(await servers.replica.ask('GET', 'a')).toBe('2')
  })

  it('are watched by a sentinel, which lets the replica take over', async () => {
    await using all = await startSentinel()
    await all.failOver()
    await until('it takes writes', async () => (await all.servers.replica.ask('SET', 'a', '1').catch(() => null)) === 'OK')
    expect(await all.servers.replica.ask('GET', 'a')).toBe('1')
  })
})

describe('Valkey', () => {
  it('is found where it is installed, and else missed with its reason', async () => {
    const { program, reason } = findValkey()
    if (program === null) {
      console.info(`Tests on Valkey are left out: ${reason}`)
      await expect(startValkey()).rejects.toThrow(/QJ_TEST_VALKEY/)
      return
    }
    await using server = await startValkey()
    expect(await server.ask('PING')).toBe('PONG')
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
