/** Clients that were told to read replies in other ways. */
import { Redis } from 'ioredis'
import { createClient, createClientPool, RESP_TYPES } from 'redis'
import { createClient as createClient5 } from 'redis-5'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient as createSeamClient, type Seam } from '../../src/client/create-client.ts'
import { createRedisClient } from '../../src/client/recognize.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { ECHO } from './scripts.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.close())

const REPLY = [7, 'text', null, [1, ['a', 'b']], [], '']
const options = { commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String } } } as const

describe('a client of node-redis that reads texts as Buffers, and numbers as texts', () => {
  it.each([
    ['6', () => createClient({ url: server.url, ...options })],
    ['6, RESP2', () => createClient({ url: server.url, RESP: 2, ...options })],
    ['6, another view', () => createClient({ url: server.url }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })],
    ['6, pool', () => createClientPool({ url: server.url, ...options })],
    ['5', () => createClient5({ url: server.url, ...options })],
  ])('gives the store what it needs: %s', async (_, make) => {
    const user = make()
    user.on('error', () => undefined)
    await user.connect()
    const client = createRedisClient(user, '{jobs}:')
    expect(await client.run(ECHO, ['a'], ['b'])).toEqual(REPLY)
    expect(await client.command(['CONFIG', 'GET', 'save'])).toEqual(['save', ''])
    user.destroy()
  })
})

describe('a client that cannot serve', () => {
  const seam: Omit<Seam, 'eval'> = {
    kind: 'ioredis',
    ready: () => null,
    command: () => Promise.resolve(null),
    subscribe: () => Promise.reject(new Error('not here')),
  }

  it('is told that it reads Buffers', async () => {
    const client = createSeamClient({ ...seam, eval: async () => [Buffer.from('epoch'), 1] })
    await expect(client.run(ECHO, [], [])).rejects.toMatchObject({ code: 'InvalidOption', message: expect.stringMatching(/Buffers/) })
  })

  it('is told that it is within a transaction', async () => {
    const user = new Redis(server.url)
    const client = createRedisClient(user, '{jobs}:')
    await client.run(ECHO, ['a'], ['b'])
    await user.multi({ pipeline: false })
    await expect(client.run(ECHO, ['a'], ['b'])).rejects.toMatchObject({ code: 'InvalidOption', message: expect.stringMatching(/MULTI/) })
    user.disconnect()
  })

  it('is told that it subscribes, when the store is made or when it is asked', async () => {
    const user = new Redis(server.url, { protocol: 2 } as object)
    const client = createRedisClient(user, '{jobs}:')
    await client.run(ECHO, ['a'], ['b'])
    await user.subscribe('c')
    await expect(client.run(ECHO, ['a'], ['b'])).rejects.toThrow(/subscriber mode/)
    user.disconnect()
  })
})
