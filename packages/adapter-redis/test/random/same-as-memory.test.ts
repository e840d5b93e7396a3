/**
 * Random sequences of all verbs, done to the Redis store and to core's memory store, its reference: replies are the same.
 * A failure prints its seed, its path and the shortest sequence found; QJ_TEST_SEED and QJ_TEST_PATH do the same again.
 */
import { memoryStore } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'
import { fakeClock } from '@quarterjack/core/testing'
import * as fc from 'fast-check'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { resolveRedisStoreOptions } from '../../src/options.ts'
import { assembleRedisStore } from '../../src/redis-store.ts'
import { createScripts } from '../../src/scripts/scripts.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { comparable, differences } from './compare.ts'
import { anyDeed, anyDeedOfWindows, type Deed } from './deed.ts'
import { toStep } from './do-deed.ts'
import { everything } from './look-steps.ts'
import type { Step } from './step.ts'
import { windowPrelude } from './window-prelude.ts'
import { createWorld, type World } from './world.ts'

const MOST = { full: 1_000, soak: 5_000 }[process.env.QJ_TEST_TIER ?? '']
const MOST_DEEDS = Number(process.env.QJ_TEST_DEEDS ?? 150)
const START = 1_700_000_000_000
/** Both stores know no other time than that of the world. */
const TIME_OF_WORLD = `(tonumber(redis.call('HGET', KEY.meta, 'moved')) or 0)`
const SCRIPTS = createScripts(TIME_OF_WORLD)

let server: RedisServer
const open = (url: string) => createClient({ url })
let client: ReturnType<typeof open>
let prefixes = 0

beforeAll(async () => {
  server = await startRedis({ appendOnly: true, config: ['appendfsync no'] })
  client = open(server.url)
  client.on('error', () => undefined)
  await client.connect()
})
afterAll(async () => {
  client?.destroy()
  await server?.close()
})

interface Pair {
  readonly world: World
  readonly reference: Store
  readonly store: Store
  setTime(): Promise<void>
  readonly trace: string[]
}

async function createPair(): Promise<Pair> {
  const prefix = `world-${prefixes++}`
  const clock = fakeClock(START)
  const reference = memoryStore({ clock })
  const store = assembleRedisStore(resolveRedisStoreOptions({ client, prefix, hints: false }), SCRIPTS)
  const world = createWorld(START, [reference, store])
  const setTime = async (): Promise<void> => {
    clock.jump(world.now - clock.now())
    // Verbs that take no instant follow the last one that was passed in.
    await reference.runs.stats({ jobs: [], now: world.now })
    await client.hSet(`{${prefix}}:meta`, 'moved', String(world.now))
  }
  await setTime()
  return { world, reference, store, setTime, trace: [] }
}

async function compare({ world, reference, store, trace }: Pair, step: Step): Promise<void> {
  trace.push(`${step.verb} ${JSON.stringify(step.request)}`)
  const attempt = async (one: Store): Promise<unknown> => {
    try {
      return { reply: await step.act(one) }
    } catch (error) {
      return { error }
    }
  }
  const [expected, found] = (await Promise.all([attempt(reference), attempt(store)])) as { reply?: unknown; error?: unknown }[]
  const [a, b] = [expected, found].map((one) => (one?.error === undefined ? comparable(step, one?.reply) : String(one.error)))
  const told = differences(a, b)
  if (told.length > 0) {
    throw new Error(`At ${world.now}, after\n  ${trace.join('\n  ')}\nRedis replies\n  ${told.join('\n  ')}`)
  }
  if (expected?.error === undefined) step.learn(expected?.reply)
}

/** Answers how many calls there were. */
async function follow(deeds: readonly Deed[]): Promise<number> {
  const pair = await createPair()
  for (const deed of deeds) {
    const step = await toStep(pair.world, deed, pair.reference)
    if (step === null) await pair.setTime()
    else await compare(pair, step)
  }
  const calls = pair.trace.length
  for (const step of everything(pair.world)) await compare(pair, step)
  return calls
}

it.each([
  { what: 'schedules, runs and leases', any: anyDeed, prelude: [], sequences: MOST ?? 60 },
  { what: 'rollups', any: anyDeedOfWindows, prelude: windowPrelude, sequences: MOST === undefined ? 25 : MOST / 2 },
])(
  '$sequences sequences about $what have the same replies from both stores',
  async ({ what, any, prelude, sequences }) => {
    let calls = 0
    const { QJ_TEST_SEED: seed, QJ_TEST_PATH: path } = process.env
    await fc.assert(
      fc.asyncProperty(fc.array(any, { maxLength: MOST_DEEDS, size: 'max' }), async (deeds) => {
        calls += await follow([...prelude, ...deeds])
      }),
      {
        numRuns: sequences,
        ...(seed === undefined ? {} : { seed: Number(seed) }),
        ...(path === undefined ? {} : { path }),
      },
    )
    console.info(`figure: the same replies about ${what} from Redis and memory: sequences ${sequences}, calls ${calls}`)
    expect(calls).toBeGreaterThan(sequences)
  },
  600_000,
)
