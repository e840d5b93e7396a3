/** Scripts and commands by way of every client. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRedisClient } from '../../src/client/recognize.ts'
import type { RedisClient } from '../../src/client/redis-client.ts'
import { until } from '../servers/poll.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { CLIENTS, type OpenClient } from './clients.ts'
import { ECHO, scriptOf, WRITE } from './scripts.ts'

const CALL_MS = 1_000
const KEY = '{jobs}:meta'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis({ appendOnly: true })
})
afterAll(() => server?.close())

describe.each(CLIENTS)('$name', ({ open }) => {
  const opened: OpenClient[] = []
  const start = async (callMs = CALL_MS): Promise<RedisClient> => {
    const one = await open(server)
    opened.push(one)
    return createRedisClient(one.client, KEY, callMs)
  }
  afterEach(() => {
    for (const { end } of opened.splice(0)) end()
  })

  it('gives replies as scripts make them', async () => {
    const client = await start()
    expect(await client.run(ECHO, ['{jobs}:a'], ['ä "€" \n'])).toEqual([7, 'text', null, [1, ['{jobs}:a', 'ä "€" \n']], [], ''])
    // Both clients round what is within 48 of the largest safe integer.
    expect(await client.run(scriptOf('return 9007199254740900'), [], [])).toBe(9007199254740900)
    expect(await client.run(scriptOf('return false'), [], [])).toBeNull()
  })

  it('sends the text of a script that the server does not know, and then only its hash', async () => {
    const client = await start()
    await server.ask('SCRIPT', 'FLUSH')
    await server.ask('CONFIG', 'RESETSTAT')
    const replies = await Promise.all(Array.from({ length: 20 }, () => client.run(ECHO, ['a'], ['b'])))
    expect(replies).toHaveLength(20)
    await client.run(ECHO, ['a'], ['b'])
    const stats = String(await server.ask('INFO', 'commandstats'))
    const evals = Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1])
    expect(evals).toBeGreaterThan(0)
    expect(evals).toBeLessThan(21)
    await client.run(ECHO, ['a'], ['b'])
    expect(String(await server.ask('INFO', 'commandstats'))).toContain(`cmdstat_eval:calls=${evals},`)
  })

  it('gives replies of commands alike in each protocol', async () => {
    const client = await start()
    expect(await client.command(['INFO', 'server'])).toMatch(/redis_version:\d/)
    expect(await client.command(['CONFIG', 'GET', 'appendonly'])).toEqual(['appendonly', 'yes'])
    expect(await client.command(['PING'])).toBe('PONG')
  })

  it('does not wait longer than a call may take', async () => {
    const client = await start()
    await client.run(ECHO, ['a'], ['b'])
    server.pause()
    try {
      const begun = performance.now()
      await expect(client.run(ECHO, ['a'], ['b'])).rejects.toThrow(`no answer within ${CALL_MS} ms`)
      expect(performance.now() - begun).toBeLessThan(CALL_MS + 500)
    } finally {
      server.resume()
    }
    await until('it answers again', async () => (await client.run(ECHO, ['a'], ['b']).catch(() => null)) !== null)
  })

  it('does not leave calls in a queue while there is no connection, and goes on when there is one', async () => {
    const client = await start(5_000)
    await client.run(WRITE, ['{jobs}:late'], ['before'])
    await server.stop()
    // What was written before the client noticed, ioredis sends again.
    await new Promise((resolve) => setTimeout(resolve, 100))
    try {
      const begun = performance.now()
      await expect(client.run(WRITE, ['{jobs}:late'], ['never'])).rejects.toThrow(/no connection|closed/i)
      expect(performance.now() - begun).toBeLessThan(3_000)
    } finally {
      await server.start()
    }
    await until('it is back', async () => (await client.run(ECHO, ['a'], ['b']).catch(() => null)) !== null)
    expect(await server.ask('HGET', '{jobs}:late', 'field')).toBe('before')
  })

  it('takes many calls at once', async () => {
    const client = await start()
    const script = scriptOf('return { ARGV[1] }')
    const replies = await Promise.all(Array.from({ length: 500 }, (_, n) => client.run(script, ['a'], [String(n)])))
    expect(replies).toEqual(Array.from({ length: 500 }, (_, n) => [String(n)]))
  })
})
