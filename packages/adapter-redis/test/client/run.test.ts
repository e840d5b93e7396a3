/** Scripts and commands by way of every client. */
import { outwait, until } from '@quarterjack/fault-kit/poll'
import { describe, expect, it } from 'vitest'
import { createRedisClient } from '../../src/client/recognize.ts'
import type { RedisClient } from '../../src/client/redis-client.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { CLIENTS, type ClientKind } from './clients.ts'
import { ECHO, scriptOf, WRITE } from './scripts.ts'

const KEY = '{jobs}:meta'

/** A client of a server of its own. */
interface Opened extends AsyncDisposable {
  readonly server: RedisServer
  readonly client: RedisClient
}

async function start({ open }: ClientKind, callMs = 5_000): Promise<Opened> {
  const server = await startRedis({ appendOnly: true })
  const { client, end } = await open(server)
  return {
    server,
    client: createRedisClient(client, KEY, callMs),
    async [Symbol.asyncDispose]() {
      end()
      await server.close()
    },
  }
}

describe.concurrent.each(CLIENTS)('$name', (kind) => {
  it('gives replies as scripts make them', async () => {
    await using opened = await start(kind)
    const { client } = opened
    expect(await client.run(ECHO, ['{jobs}:a'], ['ä "€" \n'])).toEqual([7, 'text', null, [1, ['{jobs}:a', 'ä "€" \n']], [], ''])
    // Both clients round what is within 48 of the largest safe integer.
    expect(await client.run(scriptOf('return 9007199254740900'), [], [])).toBe(9007199254740900)
    expect(await client.run(scriptOf('return false'), [], [])).toBeNull()
  })

  it('sends the text of a script that the server does not know, and then only its hash', async () => {
    await using opened = await start(kind)
    const { client, server } = opened
    const evals = async (): Promise<number> =>
      Number(/cmdstat_eval:calls=(\d+)/.exec(String(await server.ask('INFO', 'commandstats')))?.[1] ?? 0)
    for (const round of [1, 2]) {
      const before = await evals()
      const replies = await Promise.all(Array.from({ length: 20 }, () => client.run(ECHO, ['a'], [String(round)])))
      expect(replies).toHaveLength(20)
      const after = await evals()
      expect(after).toBeGreaterThan(before)
      await client.run(ECHO, ['a'], ['b'])
      expect(await evals()).toBe(after)
      await server.ask('SCRIPT', 'FLUSH')
    }
  })

  it('gives replies of commands alike in each protocol', async () => {
    await using opened = await start(kind)
    const { client } = opened
    expect(await client.command(['INFO', 'server'])).toMatch(/redis_version:\d/)
    expect(await client.command(['CONFIG', 'GET', 'appendonly'])).toEqual(['appendonly', 'yes'])
    expect(await client.command(['PING'])).toBe('PONG')
  })

  it('does not wait longer than a call may take', async () => {
    await using opened = await start(kind, 1_000)
    const { client, server } = opened
    await client.run(ECHO, ['a'], ['b'])
    server.pause()
    const begun = performance.now()
    await expect(client.run(ECHO, ['a'], ['b'])).rejects.toThrow('no answer within 1000 ms')
    expect(performance.now() - begun).toBeLessThan(2_000)
    server.resume()
    await until('it answers again', async () => (await client.run(ECHO, ['a'], ['b']).catch(() => null)) !== null)
  })

  it('does not leave calls in a queue while there is no connection, and goes on when there is one', async () => {
    await using opened = await start(kind)
    const { client, server } = opened
    await client.run(WRITE, ['{jobs}:late'], ['before'])
    await server.stop()
    // What was asked before the client noticed stays in its own queue, or is sent again.
    await outwait(100)
    const begun = performance.now()
    await expect(client.run(WRITE, ['{jobs}:late'], ['never'])).rejects.toThrow(/no connection|closed/i)
    expect(performance.now() - begun).toBeLessThan(4_000)
    await server.start()
    let refusal: unknown
    const isBack = (): Promise<boolean> =>
      client.run(ECHO, ['a'], ['b']).then(
        () => true,
        (error: unknown) => {
          refusal = error
          return false
        },
      )
    await until(() => `it is back (it said ${String(refusal)})`, isBack)
    expect(await server.ask('HGET', '{jobs}:late', 'field')).toBe('before')
  })

  it('takes many calls at once', async () => {
    await using opened = await start(kind)
    const script = scriptOf('return { ARGV[1] }')
    const replies = await Promise.all(Array.from({ length: 500 }, (_, n) => opened.client.run(script, ['a'], [String(n)])))
    expect(replies).toEqual(Array.from({ length: 500 }, (_, n) => [String(n)]))
  })
})
