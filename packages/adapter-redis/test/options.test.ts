import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import { createClient as createClient5 } from 'redis-5'
import { describe, expect, it } from 'vitest'
import { type RedisStoreOptions, resolveRedisStoreOptions } from '../src/options.ts'

const client = createClient()
const refused = (options: object | undefined): string => {
  try {
    resolveRedisStoreOptions(options as RedisStoreOptions)
  } catch (error) {
    expect(error).toMatchObject({ code: 'InvalidOption' })
    return (error as Error).message
  }
  throw new Error('expected InvalidOption')
}
const lazily = { lazyConnect: true } as const

describe('options of redisStore', () => {
  it('name what is wrong, its value and the remedy', () => {
    expect(refused({ client, prefix: 'no {good}' })).toMatch(/prefix: use letters, .*; this is "no \{good\}"\./)
    expect(refused({ client, prefix: '' })).toMatch(/prefix: use letters, .*; this is ""\./)
    expect(refused({ client, prefix: 'x'.repeat(101) })).toMatch(/prefix: use at most 100 characters; this is "x+"… \(101 characters\)\./)
    expect(refused({ client, hints: 'yes' })).toMatch(/hints: use true, false or "auto"; this is "yes"\./)
    expect(refused({ client, prefx: 'jobs' })).toMatch(
      /"prefx" is not an option\. Did you mean "prefix"\? Known are client, prefix, hints\./,
    )
    expect(refused({ client, keyPrefix: 'jobs' })).toMatch(/"keyPrefix" is not an option: write prefix\./)
  })

  it('name every problem at once', () => {
    expect(refused({ client: 1, prefix: '{', hints: 'no' }).split('\n')).toHaveLength(4)
  })

  it('have defaults', () => {
    expect(resolveRedisStoreOptions({ client })).toMatchObject({ prefix: 'quarterjack', hints: 'auto', client: { kind: 'node-redis' } })
    expect(resolveRedisStoreOptions({ client, prefix: 'a.b:c-d_1', hints: false })).toMatchObject({ prefix: 'a.b:c-d_1', hints: false })
  })
})

describe('the client', () => {
  it.each([
    ['redis', createClient()],
    ['ioredis', new Redis(lazily)],
  ])('of %s may not be the options', (_, made) => {
    expect(refused(made)).toBe('redisStore: this is a client. Write redisStore({ client }).')
  })

  it.each([
    ['redis', createClient()],
    ['redis, RESP2', createClient({ RESP: 2 })],
    ['redis, with a type mapping', createClient({ commandOptions: { typeMapping: {} } })],
    ['redis, another view of a client', createClient().withTypeMapping({})],
    ['redis, pool', createClientPool()],
    ['redis, cluster', createCluster({ rootNodes: [{ url: 'redis://nowhere.invalid' }] })],
    ['redis, sentinel', createSentinel({ name: 'jobs', sentinelRootNodes: [{ host: 'nowhere.invalid', port: 1 }] })],
    ['redis 5', createClient5()],
  ])('may be of %s', (_, made) => {
    expect(resolveRedisStoreOptions({ client: made }).client.kind).toBe('node-redis')
  })

  it.each([
    ['ioredis', new Redis(lazily)],
    ['ioredis, sentinel', new Redis({ ...lazily, name: 'jobs', sentinels: [{ host: 'nowhere.invalid', port: 1 }] })],
    ['ioredis, cluster', new Cluster([{ host: 'nowhere.invalid', port: 1 }], lazily)],
  ])('may be of %s', (_, made) => {
    expect(resolveRedisStoreOptions({ client: made }).client.kind).toBe('ioredis')
  })

  it.each([
    ['nothing', undefined],
    ['a URL', 'redis://localhost'],
    ['something else', { get: () => null }],
    ['the callback view of node-redis', createClient().legacy()],
  ])('may not be %s', (_, made) => {
    expect(refused({ client: made })).toMatch(/client: .*must be a client of "redis" .* or of "ioredis"/)
    expect(refused(undefined)).toMatch(/redisStore has invalid options/)
  })

  it.each([
    ['node-redis', createClient().multi()],
    ['ioredis', new Redis(lazily).multi()],
    ['ioredis, pipeline', new Redis(lazily).pipeline()],
  ])('may not be a transaction of %s', (_, made) => {
    expect(refused({ client: made })).toMatch(/client: is a transaction or a pipeline/)
  })

  it('may not be of an older version', () => {
    const old = { evalSha: () => null, eval: () => null, duplicate: () => null, isOpen: true, on: () => null }
    expect(refused({ client: old })).toMatch(/client: is of a version that is not supported\. Use "redis" 5/)
  })

  it.each([
    ['redis', createClient({ keyPrefix: 'a:' })],
    ['redis, cluster', createCluster({ rootNodes: [{}], keyPrefix: 'a:' })],
    ['redis, sentinel', createSentinel({ name: 'jobs', sentinelRootNodes: [{ host: 'nowhere.invalid', port: 1 }], keyPrefix: 'a:' })],
    ['ioredis', new Redis({ ...lazily, keyPrefix: 'a:' })],
    ['ioredis, cluster', new Cluster([{ host: 'nowhere.invalid', port: 1 }], { ...lazily, keyPrefix: 'a:' })],
    ['ioredis, cluster nodes', new Cluster([{ host: 'nowhere.invalid', port: 1 }], { ...lazily, redisOptions: { keyPrefix: 'a:' } })],
  ])('may not rename keys: %s', (_, made) => {
    expect(refused({ client: made })).toMatch(/client: has a keyPrefix, .* client\.duplicate\(\{ keyPrefix: .*option "prefix" of its own/)
  })

  it('may not read numbers as texts', () => {
    expect(refused({ client: new Redis({ ...lazily, stringNumbers: true }) })).toMatch(/client: has the option stringNumbers/)
  })
})
