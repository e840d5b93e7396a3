import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineJob, every } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

const boom = (): never => {
  throw new Error('boom')
}

// Whatever users' code does, it must not come out of here.
let unhandled: unknown[] = []
const onUnhandled = (reason: unknown): void => void unhandled.push(reason)

beforeEach(() => {
  unhandled = []
  process.on('unhandledRejection', onUnhandled)
})

afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
})

describe('a handler that throws', () => {
  it.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, 'undefined'],
    ['null', () => null, 'null'],
    ['a symbol', () => Symbol('odd'), 'Symbol(odd)'],
    ['a revoked proxy', () => revoked(), ''],
    ['an error with a hostile message', () => Object.defineProperty(new Error('x'), 'message', { get: boom }), ''],
    ['an error whose flags throw', () => Object.defineProperty(new Error('flags'), 'retryable', { get: boom }), 'flags'],
    ['an error whose hint throws', () => Object.defineProperty(new Error('hint'), 'retryAfterMs', { get: boom }), 'hint'],
  ])('%s fails its run, and only that', async (_, thrown, message) => {
    const bad = defineJob({
      name: 'bad',
      retry: { retries: 1, minTimeout: '1s' },
      run: () => {
        throw thrown()
      },
    })
    const good = defineJob({ name: 'good', schedule: every('10s'), run: () => undefined })
    await using manual = manualScheduler({ jobs: [bad, good] })
    await manual.start()
    const { id } = await manual.scheduler.trigger(bad)
    await manual.advance('30s')
    const run = await manual.scheduler.runs.get(id)
    expect(run).toMatchObject({ state: 'dead', failures: 2 })
    expect(run?.error?.message).toContain(message)
    expect(manual.events.of('run.succeeded')).toHaveLength(3)
  })
})

describe('code around the handler', () => {
  it.each<[string, (ctx: unknown, next: () => Promise<unknown>) => Promise<unknown>, string]>([
    ['throws', boom, 'dead'],
    ['rejects', async () => boom(), 'dead'],
    ['never calls the handler', async () => 'instead', 'succeeded'],
    ['throws after the handler', async (_, next) => next().then(boom), 'dead'],
  ])('that %s decides over its run, and over nothing else', async (_, around, state) => {
    const job = defineJob({ name: 'work', run: () => 'done' })
    await using manual = manualScheduler({ jobs: [job], around })
    await manual.start()
    const { id } = await manual.scheduler.trigger(job)
    await manual.advance('1s')
    expect(await manual.scheduler.runs.get(id)).toMatchObject({ state })
    expect(manual.scheduler.live()).toBe(true)
  })

  it('a schema that throws refuses the trigger, and fails the attempt', async () => {
    let broken = false
    const schema = z.unknown().refine(() => (broken ? boom() : true))
    const job = defineJob({ name: 'work', payload: schema, retry: { retries: 1, minTimeout: '1s' }, run: () => 'done' })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const { id } = await manual.scheduler.trigger(job, 1, { delay: '10s' })
    broken = true
    await expect(manual.scheduler.trigger(job, 1)).rejects.toThrow('boom')
    await manual.advance('20s')
    expect(await manual.scheduler.runs.get(id)).toMatchObject({ state: 'dead', failures: 2, error: { message: 'boom' } })
  })

  it('a merge function that throws is told to the callers whose payloads it should fold, or fails the attempt', async () => {
    const job = defineJob({
      name: 'work',
      payload: z.number(),
      debounce: { wait: '5s', merge: boom },
      run: () => 'done',
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const together = await Promise.allSettled([manual.scheduler.trigger(job, 1), manual.scheduler.trigger(job, 2)])
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await manual.scheduler.runs.find()).toEqual([])
    const apart = await manual.scheduler.trigger(job, 3)
    await manual.advance('1s')
    expect((await manual.scheduler.trigger(job, 4)).id).toBe(apart.id)
    await manual.advance('10s')
    expect(await manual.scheduler.runs.get(apart.id)).toMatchObject({ state: 'dead', error: { message: 'boom' } })
    expect(manual.scheduler.live()).toBe(true)
  })

  it('a calendar function that throws leaves nothing out, and stops nobody', async () => {
    const slots: string[] = []
    const job = defineJob({
      name: 'odd',
      schedule: every('10s', { exclude: [boom] }),
      run: ({ slot }) => void slots.push(slot?.toISOString() ?? ''),
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    await manual.advance('35s')
    expect(slots).toHaveLength(3)
    expect((await manual.scheduler.audit()).violations).toEqual([])
  })
})

describe('whoever listens', () => {
  it('slowly, delays no slot: what a listener awaits is its own affair', async () => {
    const job = defineJob({ name: 'beat', schedule: every('10s'), run: () => undefined })
    await using manual = manualScheduler({ jobs: [job] })
    let finished = 0
    manual.scheduler.on('run.started', async () => {
      await new Promise<void>((resolve) => manual.clock.setTimer(resolve, 60_000))
      finished++
    })
    await manual.start()
    await manual.advance('60s')
    expect(finished).toBe(0)
    expect(manual.events.of('run.started').map(({ latenessMs }) => latenessMs)).toEqual([0, 0, 0, 0, 0, 0])
    await manual.advance('60s')
    expect(finished).toBe(6)
  })

  it('and throws at every event, changes no outcome', async () => {
    const job = defineJob({
      name: 'beat',
      schedule: every('10s'),
      retry: { retries: 1, minTimeout: '1s' },
      run: ({ attempt }) => (attempt === 1 ? boom() : 'done'),
    })
    await using manual = manualScheduler({ jobs: [job], logger: { debug: boom, info: boom, warn: boom, error: boom, child: boom } })
    for (const event of ['run.started', 'run.retrying', 'run.succeeded', 'listener.failed', 'scheduler.started'] as const)
      manual.scheduler.on(event, boom)
    await manual.start()
    await manual.advance('35s')
    expect(manual.events.of('run.succeeded')).toHaveLength(3)
    const health = await manual.scheduler.health()
    expect(health.listenerErrors).toBeGreaterThan(9)
    expect((await manual.scheduler.audit()).ok).toBe(true)
  })
})

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable(new Error('gone'), {})
  revoke()
  return proxy
}
