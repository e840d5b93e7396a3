/** Rows of runs are deleted, those of owners too, or a process dies over mending it: nothing is given out twice, and counts are right. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { VerbScript } from '../../src/scripts/lua-module.ts'
import type { Scripts } from '../../src/scripts/scripts.ts'
import { type ConnectedRedis, startConnectedRedis } from '../servers/connected-redis.ts'
import { changed, createDamagedSite, type DamagedSite, dyingAt, GATE, type Process, trigger } from './damaged.ts'

const LONG_MS = 60_000
const SHORT_MS = 5_000
/** Another takes over from a mender that is silent for so long. */
const SILENT_MS = 3_000
const GATED = { overlap: 'queue', gates: [GATE] } as const

let redis: ConnectedRedis
let site: DamagedSite
let prefixes = 0
/** Has the long lease, and executes what it claimed. */
let executor: Process

beforeAll(async () => {
  redis = await startConnectedRedis()
})
beforeEach(async () => {
  site = createDamagedSite(redis, `lost-owners-${prefixes++}`)
  executor = site.start('a', LONG_MS)
  const { store } = executor
  await store.schedules.register({
    now: Math.ceil(await store.now()),
    registrations: [{ job: 'mail', hash: 'h', expectedGeneration: 0, concurrency: null, rateLimit: null, schedules: [] }],
  })
  await executor.renew()
})
afterAll(() => redis?.close())

const idsOf = (runs: readonly { readonly id: string }[]) => runs.map(({ id }) => id)

/** Lists the requests that come. */
const noting = (script: VerbScript) => changed(script, `redis.call('RPUSH', '{noted}', ARGV[1])\n${script.source}`)

/** Whoever goes on renews meanwhile. */
async function passWith(process: Process, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 2_000) {
    await site.pass(2_000)
    await process.renew()
  }
}

describe('who executes a run is left alone until its lease is over, whoever mends, and however short the mender’s own lease is', () => {
  it.each([[['owners']], [['owners', 'ownerEnds', 'runs']], [['runs', 'owners', 'holders']], [['runs', 'owners']]])('%j', async (names) => {
    await site.enqueue(trigger('one', GATED), trigger('two', GATED))
    expect(idsOf(await executor.claim())).toEqual(['one'])
    await site.remove(...names)
    const mender = site.start('b', SHORT_MS)
    await mender.renew()
    await site.enqueue(trigger('three', GATED))
    await passWith(mender, LONG_MS - 10_000)
    expect(await mender.claim()).toEqual([])
    await passWith(mender, 20_000)
    expect(await mender.claim()).toHaveLength(1)
    expect(await site.gates()).toMatchObject([{ gate: GATE, held: 1, holders: 1 }])
  })

  it('before the store is repaired, too', async () => {
    const waiting = site.start('c', LONG_MS)
    await waiting.renew()
    await site.enqueue(trigger('one', GATED))
    expect(idsOf(await executor.claim())).toEqual(['one'])
    await site.remove('runs')
    const mender = site.start('b', SHORT_MS, ({ repair }) => ({ repair: dyingAt(repair) }))
    await expect(mender.renew()).rejects.toThrow('the process died')
    // Knows nothing of what was lost, and is refused nothing.
    const ignorant = site.start('c', LONG_MS)
    await ignorant.store.runs.enqueue({ requests: [trigger('two', GATED)] })
    expect(await ignorant.claim()).toEqual([])
    expect(await site.meta('mending')).not.toBe('')
  })

  it('and is refused afterwards: it frees nothing that others hold', async () => {
    await site.enqueue(trigger('one', GATED))
    const [run] = await executor.claim()
    await site.remove('owners')
    const mender = site.start('b', SHORT_MS)
    await mender.renew()
    await passWith(mender, LONG_MS + 2_000)
    expect(idsOf(await mender.claim())).toEqual(['one'])
    expect(await executor.settle(run)).toBe('stale')
    expect(await site.gates()).toMatchObject([{ gate: GATE, held: 1, holders: 1 }])
    expect(await site.stats()).toMatchObject({ pending: 0, waiting: 0, running: 1 })
  })
})

it('runs of owners whose rows are deleted are up for others where their leases ended before anybody noticed', async () => {
  const mender = site.start('b', 10 * LONG_MS)
  await mender.renew()
  await site.enqueue(trigger('one', GATED))
  expect(idsOf(await executor.claim())).toEqual(['one'])
  await redis.client.hDel(`{${site.prefix}}:owners`, 'a')
  await site.pass(LONG_MS + 1_000)
  expect(await mender.claim()).toEqual([])
  await mender.renew()
  expect(await site.stats()).toMatchObject({ pending: 1, running: 0 })
})

describe('right after', () => {
  it('counts are those of what is left, and end at nothing', async () => {
    await site.enqueue(trigger('l1'), trigger('l2'), trigger('l3'))
    await executor.claim()
    await site.enqueue(trigger('g1', { ...GATED, key: 'k' }), trigger('g2', GATED), trigger('p', { priority: 3 }), trigger('d', { delayMs: 500 }))
    await site.enqueue(trigger('line'))
    await site.removeRuns('l2', 'p')
    await site.remove('owners')
    const mender = site.start('b', SHORT_MS)
    await mender.renew()
    // l1 and l3 were held by who has no row, and are up for others.
    expect(await site.stats()).toMatchObject({ pending: 6, waiting: 0, running: 0 })
    expect(await site.enqueue(trigger('busy', { skipWhenBusy: true }))).toEqual(['skipped'])
    await passWith(mender, LONG_MS + 2_000)
    const settled: string[] = []
    for (let claimed = await mender.claim(); claimed.length > 0; claimed = await mender.claim()) {
      for (const run of claimed) {
        expect(await mender.settle(run)).toBe('settled')
        settled.push(run.id)
      }
    }
    expect(settled.toSorted()).toEqual(['d', 'g1', 'g2', 'l1', 'l3', 'line'])
    expect(await site.stats()).toMatchObject({ pending: 0, waiting: 0, running: 0 })
    expect(await site.gates()).toEqual([])
    expect(await site.enqueue(trigger('next', { skipWhenBusy: true }))).toEqual(['created'])
  })

  it('what its owner still holds is counted, and counted off once', async () => {
    await site.enqueue(trigger('one', GATED), trigger('gone', { key: 'l' }), trigger('other', { key: 'l' }))
    const runs = await executor.claim()
    await site.removeRuns('gone')
    await site.start('b', SHORT_MS).renew()
    expect(await site.stats()).toMatchObject({ pending: 0, running: 2 })
    expect(await site.enqueue(trigger('busy', { key: 'l', skipWhenBusy: true }))).toEqual(['skipped'])
    for (const run of runs) expect(await executor.settle(run)).toBe(run.id === 'gone' ? 'stale' : 'settled')
    expect(await site.stats()).toMatchObject({ pending: 0, running: 0 })
    expect(await site.gates()).toEqual([])
    expect(await site.enqueue(trigger('next', { key: 'l', skipWhenBusy: true }))).toEqual(['created'])
  })
})

describe('a process that dies while it mends leaves the rest to the next', () => {
  const deaths: Readonly<Record<string, (scripts: Scripts) => Partial<Scripts>>> = {
    'before indexes of runs': ({ mendRuns }) => ({ mendRuns: dyingAt(mendRuns) }),
    'before windows': ({ mendWindows }) => ({ mendWindows: dyingAt(mendWindows) }),
    ...Object.fromEntries(
      ['begin', 'keys', 'gates', 'owners', 'standing', 'held', 'orphans', 'free'].map((step) => [
        `counting ${step}`,
        ({ recountRuns }) => ({ recountRuns: dyingAt(recountRuns, step) }),
      ]),
    ),
    'before the repair': ({ repair }) => ({ repair: dyingAt(repair) }),
  }
  it.each(Object.entries(deaths))('%s', async (_, change) => {
    await site.enqueue(trigger('one', GATED), trigger('two', GATED), trigger('gone'), trigger('line'))
    const [one] = await executor.claim()
    await site.removeRuns('gone')
    await expect(site.start('b', SHORT_MS, change).renew()).rejects.toThrow('the process died')
    await site.pass(SILENT_MS + 1_000)
    const next = site.start('c', SHORT_MS)
    expect(await next.renew()).toMatchObject({ status: 'live' })
    expect(await site.meta('mending')).toBe('')
    expect(await site.stats()).toMatchObject({ pending: 0, waiting: 1, running: 2 })
    expect(await site.gates()).toMatchObject([{ gate: GATE, held: 1, holders: 1 }])
    expect(await executor.settle(one)).toBe('settled')
    expect(await site.stats()).toMatchObject({ pending: 1, waiting: 0, running: 1 })
  })

  it('of those who notice at once one mends, and the others wait', async () => {
    await site.enqueue(trigger('one', GATED), trigger('gone'))
    await executor.claim()
    const others = ['b', 'c', 'd'].map((owner) => site.start(owner, SHORT_MS))
    for (const other of others) await other.renew()
    await site.removeRuns('gone')
    const replies = await Promise.all(others.map((other) => other.renew()))
    expect(replies.map(({ lost }) => lost?.everything)).toEqual([false, false, false])
    expect(await site.meta('mending')).toBe('')
    expect(await site.stats()).toMatchObject({ pending: 0, running: 1 })
  })

  it('who comes new and writes while runs are counted makes the mender count again', async () => {
    await site.enqueue(trigger('one', GATED), trigger('two', GATED), trigger('gone'))
    await executor.claim()
    await site.removeRuns('gone')
    const disturbed = (script: VerbScript) =>
      changed(
        script,
        `if cjson.decode(ARGV[1]).step == 'held' and redis.call('HSETNX', '{disturbed}', KEYS[1], '') == 1 then
  for _, key in ipairs(KEYS) do
    if key:match(':meta$') then redis.call('HINCRBY', key, 'writes', 1) end
  end
end
${script.source}`,
      )
    const steps: string[] = []
    await site.start('b', SHORT_MS, ({ recountRuns }) => ({ recountRuns: disturbed(noting(recountRuns)) })).renew()
    for (const call of await redis.client.lRange('{noted}', 0, -1)) steps.push((JSON.parse(call) as { readonly step: string }).step)
    expect(steps.filter((step) => step === 'begin')).toHaveLength(2)
    expect(await site.meta('mending')).toBe('')
    expect(await site.stats()).toMatchObject({ pending: 0, waiting: 1, running: 1 })
  })
})

describe('mutexes', () => {
  it.each([['leases'], ['gates']])('%s are deleted with the runs: each stays held until its end, and no longer', async (name) => {
    const { store } = executor
    const bidOf = (holder: string) => ({ bids: [{ name: 'door', holder, leaseMs: LONG_MS, seenFence: 0, queue: false }] })
    const isGranted = async (holder: string) => (await store.leases.acquire(bidOf(holder))).replies[0]?.granted
    expect(await isGranted('h')).toBe(true)
    await site.enqueue(trigger('one', GATED))
    await executor.claim()
    await site.remove('runs', name)
    const mender = site.start('b', SHORT_MS)
    await mender.renew()
    // Of what is held by nobody, nothing is given yet anyhow.
    await passWith(mender, LONG_MS - 6_000)
    expect(await isGranted('i')).toBe(false)
    await passWith(mender, 10_000)
    expect(await isGranted('i')).toBe(true)
  })
})

it('however many gates, keys and runs there are, each call has so many to look at', async () => {
  const MANY = 6_000
  const MOST_SPENT = 10_000
  /** What commands are given and answer, added up per call. */
  const counted = (script: Scripts['mend']) => {
    const spend = `local function spent(...)
  local reply = redis.call(...)
  local size = select('#', ...)
  for _, part in ipairs(type(reply) == 'table' and reply or {}) do size = size + 1 + (type(part) == 'table' and #part or 0) end
  redis.call('HINCRBY', '{spent}', '${script.name} ' .. ARGV[1], size)
  return reply
end
`
    return changed(script, spend + script.source.replaceAll('redis.call', 'spent'))
  }
  for (let from = 0; from < MANY; from += 1_000) {
    const requests = Array.from({ length: 1_000 }, (_, index) =>
      trigger(`run${from + index}`, { key: `k${from + index}`, overlap: 'queue', gates: [`key:mail/k${from + index}`] }),
    )
    await site.enqueue(...requests)
    if (from < MANY / 2) await executor.claim()
  }
  await site.enqueue(...Array.from({ length: 1_000 }, (_, index) => trigger(`line${index}`)))
  await site.removeRuns('run0', 'run1', `run${MANY - 1}`)
  const { running, pending } = await site.stats()
  const mender = site.start('b', SHORT_MS, ({ mend, mendRuns, recountRuns }) => ({
    mend: counted(mend),
    mendRuns: counted(mendRuns),
    recountRuns: counted(recountRuns),
  }))
  await mender.renew()
  const spent = Object.entries(await redis.client.hGetAll('{spent}')).map(([call, size]) => ({ call, size: Number(size) }))
  expect(spent.length).toBeGreaterThan(50)
  expect(spent.filter(({ size }) => size > MOST_SPENT)).toEqual([])
  expect(await site.stats()).toMatchObject({ running: running - 2, pending: pending - 1 })
})
