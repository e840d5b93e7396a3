/**
 * What another queue's recurring jobs hang on, and stop for ever without: one delayed job per schedule. Here no single
 * entry carries a schedule, so each thing that an operator can delete is deleted, and the next slots must come.
 */
import { figure } from '@quarterjack/fault-kit/figure'
import { until } from '@quarterjack/fault-kit/poll'
import { MOST_MS } from '@quarterjack/fault-kit/tier'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { DURABLE } from './ground.ts'
import { createRedisSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

let server: RedisServer
beforeAll(async () => {
  server = await startRedis(DURABLE)
})
afterAll(() => server?.close())

it('the next run of a schedule is cancelled, or its waiting run: the slots after it come as planned', async () => {
  await using site = await createRedisSite(server, [{ name: 'tick', every: ['500ms'], overlap: 'queue', workMs: [700, 10] }])
  await site.start(['a', 'b'])
  await until('slots', async () => (await site.effects.all()).length >= 2)
  let cancelled = 0
  await until('runs that stood before their start', async () => {
    const { runs } = await site.store.runs.find({ states: ['pending', 'waiting'], limit: 10 })
    const { replies } = await site.store.runs.cancel({ runs: runs.map(({ id }) => ({ id, reason: 'cleaned up by hand' })) })
    cancelled += replies.filter((reply) => reply === 'cancelled').length
    return cancelled >= 2
  })
  const at = await site.effects.now()
  await until('four more slots', async () => (await site.effects.all()).filter(({ slot }) => Number(slot) > at).length >= 4)
  await site.settle()
  const { violations } = await site.scheduler.audit()
  expect(violations).toEqual([])
  figure('runs of slots that are cancelled by hand', { cancelled })
})
