/** The memory store as a whole: opening and closing, hints, its clock, and what it does not offer. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { memoryStore } from '../../src/memory/memory-store.ts'
import type { StoreHint } from '../../src/store/store.ts'
import { addOwner, claim, claimIds, claimOne, enqueue, enqueueRequest, finish, renew } from '../../src/testing/conformance/run-steps.ts'
import { define } from '../../src/testing/conformance/schedule-steps.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { memoryTrial } from './trial.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('memoryStore', () => {
  it('says what it can do', () => {
    expect(memoryStore()).toMatchObject({
      name: 'memory',
      capabilities: { shared: false, durable: false, hints: true, windows: true, looksAhead: true },
    })
  })

  it('warns once when it is opened in production', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    vi.stubEnv('NODE_ENV', 'production')
    const store = memoryStore()
    expect(warn).not.toHaveBeenCalled()
    await store.open()
    await store.open()
    expect(warn).toHaveBeenCalledOnce()
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(/forgets everything/),
      expect.objectContaining({ code: 'QUARTERJACK_MEMORY_STORE' }),
    )
    vi.stubEnv('NODE_ENV', 'development')
    await memoryStore().open()
    expect(warn).toHaveBeenCalledOnce()
  })

  it('refuses verbs while closed, and holds what it held when it is opened again', async () => {
    const t = await memoryTrial()
    await define(t, 'mail')
    const id = await enqueue(t, 'mail')
    await t.store.close()
    await expect(t.store.runs.get({ ids: [id] })).rejects.toMatchObject({ code: 'StoreClosed' })
    expect(() => t.store.watch(() => undefined)).toThrow(expect.objectContaining({ code: 'StoreClosed' }))
    await t.store.open()
    expect((await t.store.runs.get({ ids: [id] })).runs[0]?.id).toBe(id)
  })

  it('has no transactions, and says so before anything is written', async () => {
    const t = await memoryTrial()
    const request = enqueueRequest(t, 'mail')
    await expect(t.store.runs.enqueue({ requests: [request], tx: {}, ...t.at() })).rejects.toMatchObject({
      code: 'TransactionsUnsupported',
    })
    expect((await t.store.runs.get({ ids: [request.id] })).runs).toEqual([null])
  })

  it('delivers hints after the verb, each once per turn, and survives listeners that throw', async () => {
    const t = await memoryTrial()
    await define(t, 'mail')
    await addOwner(t, 'p', ['mail'])
    const heard: StoreHint[] = []
    t.store.watch(() => {
      throw new Error('a bad listener')
    })
    const unwatch = t.store.watch((hint) => heard.push(hint))
    const pending = t.store.runs.enqueue({ requests: [enqueueRequest(t, 'mail'), enqueueRequest(t, 'mail')], ...t.at() })
    expect(heard, 'not within the verb').toEqual([])
    await pending
    expect(heard).toEqual([{ kind: 'work' }])
    await finish(t, await claimOne(t, 'p', { limit: 1 }))
    expect(heard.filter(({ kind }) => kind === 'settled')).toHaveLength(1)
    unwatch()
    await enqueue(t, 'mail')
    expect(heard).toHaveLength(2)
  })

  it('hints at nothing when a run was claimed with the call that made it', async () => {
    const t = await memoryTrial()
    await define(t, 'mail')
    await addOwner(t, 'p', ['mail'])
    const heard: StoreHint[] = []
    t.store.watch((hint) => heard.push(hint))
    const claimNow = { owner: 'p', leaseMs: 600_000, limit: 5, start: 5, seenFence: 0 }
    await t.store.runs.enqueue({ requests: [enqueueRequest(t, 'mail')], claim: claimNow, ...t.at() })
    expect(heard).toEqual([])
  })

  it('starts nothing before its instant, though the clock went back past it', async () => {
    const t = await memoryTrial()
    const now = await t.now()
    await define(t, 'mail')
    await addOwner(t, 'p', ['mail'], 10_000_000)
    const id = await enqueue(t, 'mail', { runAt: now })
    const other = await enqueue(t, 'mail', { runAt: now - 10_000, priority: -1 })
    expect(await claimIds(t, 'p', { now: now - 5_000, leaseMs: 10_000_000 })).toEqual([other])
    expect(await claim(t, 'p', { now: now - 1, leaseMs: 10_000_000 })).toEqual([])
    expect(await claimIds(t, 'p', { leaseMs: 10_000_000 })).toEqual([id])
  })

  it('names the earliest instant of all jobs that have a run, though the clock went back', async () => {
    const t = await memoryTrial()
    const now = await t.now()
    await define(t, 'mail')
    await define(t, 'sync')
    await addOwner(t, 'p', ['mail', 'sync'], 10_000_000)
    await enqueue(t, 'mail', { runAt: now })
    const runAt = now - 2_000_000
    await t.store.runs.enqueue({ requests: [enqueueRequest(t, 'sync', { runAt })], now: runAt - 1_000_000 })
    expect((await renew(t, 'p', { now: runAt - 1_000_000 })).nextRunAt).toBe(runAt)
  })

  it('lets no rate limit outlast a clock that went back', async () => {
    const t = await memoryTrial()
    const now = await t.now()
    await define(t, 'mail', { rateLimit: { max: 1, perMs: 1_000 } })
    await addOwner(t, 'p', ['mail'], 10_000_000)
    for (let index = 0; index < 3; index++) await enqueue(t, 'mail', { runAt: now - 3_600_000 })
    expect(await claim(t, 'p', { leaseMs: 10_000_000 })).toHaveLength(1)
    expect(await claim(t, 'p', { leaseMs: 10_000_000 })).toHaveLength(0)
    expect(await claim(t, 'p', { now: now - 3_000_000, leaseMs: 10_000_000 })).toHaveLength(1)
    expect(await claim(t, 'p', { now: now - 3_000_000, leaseMs: 10_000_000 })).toHaveLength(0)
  })

  it('decides by its own clock when none is given', async () => {
    const clock = fakeClock(1_000_000)
    const store = memoryStore({ clock })
    expect(await store.now()).toBe(1_000_000)
    const { storeNow } = await store.schedules.load({ jobs: [] })
    clock.jump(500)
    expect([storeNow, (await store.schedules.load({ jobs: [] })).storeNow]).toEqual([1_000_000, 1_000_500])
  })
})
