import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { handleSignals } from '../../src/scheduler/handle-signals.ts'
import { REFUSED, SILENT } from './line.ts'
import { createSite, type SiteProcess } from './site.ts'

/** A handler that obeys its signal. */
const obey = ({ signal }: { signal: AbortSignal }): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

describe('a clean stop', () => {
  it.each<[string, (process: SiteProcess) => unknown]>([
    ['while idle', () => undefined],
    ['while a call is under way', (process) => process.line.judge(() => ({ lands: true, answer: 'reply', backMs: 2_000 }))],
    ['while the store is down', (process) => process.line.all(REFUSED)],
    ['while the store is silent', (process) => process.line.all(SILENT)],
  ])('%s: ends soon, and leaves no timer behind', async (_, disturb) => {
    const site = createSite()
    const job = defineJob({ name: 'slots', schedule: every('5s'), run: () => undefined })
    const process = site.process({ jobs: [job] })
    await process.start()
    await site.clock.advance(4_000)
    disturb(process)
    await site.clock.advance(1_500)
    const from = site.clock.monotonic()
    expect(await site.clock.until(process.scheduler.stop({ grace: '10s' }))).toEqual({ stuck: [] })
    expect(site.clock.monotonic() - from).toBeLessThanOrEqual(20_000)
    await site.clock.advance(20_000)
    expect(site.clock.timers).toBe(0)
    const { length } = process.line.calls
    await site.clock.advance(600_000)
    expect(process.line.calls).toHaveLength(length)
  })

  it('claims nothing more, renews to the last, and gives back what it held ready', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'work', run: () => process.sleep(8_000) })
    const process = site.process({ jobs: [job], concurrency: 1, lease: '3s' })
    await process.start()
    await site.clock.until(
      process.scheduler.triggerMany(
        job,
        Array.from({ length: 5 }, () => ({})),
      ),
    )
    await site.clock.advance(1_000)
    const stopping = process.scheduler.stop({ grace: '30s' })
    const from = site.clock.monotonic()
    await site.clock.until(stopping)
    const late = process.line.calls.filter(({ at }) => at > from).map(({ verb }) => verb)
    expect(late).not.toContain('runs.claim')
    expect(late.filter((verb) => verb === 'runs.renew').length).toBeGreaterThanOrEqual(5)
    expect(late.lastIndexOf('runs.renew')).toBeGreaterThan(-1)
    expect(late.at(-1)).toBe('runs.leave')
    const runs = await site.clock.until(process.scheduler.runs.find({ limit: 10 }))
    expect(runs.map(({ state, attempt }) => [state, attempt]).toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => ['pending', 0]),
      ['succeeded', 1],
    ])
  })

  it('between two attempts: the next one comes when it would have come, in another process', async () => {
    await using site = createSite()
    const attempts: [string, number][] = []
    const jobFor = (by: string) =>
      defineJob({
        name: 'flaky',
        retry: { retries: 3, minTimeout: '60s', randomize: false },
        run: ({ attempt }) => {
          attempts.push([`${by} ${attempt}`, site.clock.monotonic()])
          if (attempt === 1) throw new Error('not yet')
        },
      })
    const first = site.process({ jobs: [jobFor('first')] })
    const second = site.process({ jobs: [jobFor('second')] })
    await first.start()
    await site.clock.until(first.scheduler.trigger(first.scheduler.jobs[0] as never))
    await site.clock.advance(10_000)
    await site.clock.until(first.scheduler.stop())
    await second.start()
    await site.clock.advance(60_000)
    const [from] = attempts.map(([, at]) => at)
    expect(attempts).toEqual([
      ['first 1', from],
      ['second 2', (from as number) + 60_000],
    ])
  })

  it('while a handler executes: the run is taken up by another process within a second, as the same attempt', async () => {
    await using site = createSite()
    const began: [string, number][] = []
    const jobFor = (by: string) =>
      defineJob({
        name: 'long',
        run: (ctx) => {
          began.push([`${by} ${ctx.attempt}`, site.clock.monotonic()])
          return obey(ctx)
        },
      })
    const first = site.process({ jobs: [jobFor('first')] })
    const second = site.process({ jobs: [jobFor('second')] })
    await first.start()
    const { id } = await site.clock.until(first.scheduler.trigger(first.scheduler.jobs[0] as never))
    await second.start()
    await site.clock.until(first.scheduler.stop({ grace: '2s' }))
    const stoppedAt = site.clock.monotonic()
    await site.clock.advance(1_000)
    expect(began.map(([what]) => what)).toEqual(['first 1', 'second 1'])
    expect(began[1]?.[1]).toBeLessThanOrEqual(stoppedAt + 1_000)
    expect(await site.clock.until(second.scheduler.runs.get(id))).toMatchObject({ attempt: 1, failures: 0, crashes: 0, attempts: [] })
  })
})

describe('a handler that ignores everything', () => {
  it('does not hang the stop, which names it; its late result is refused', async () => {
    await using site = createSite()
    const { promise: gate, resolve: open } = Promise.withResolvers<string>()
    const job = defineJob({ name: 'deaf', run: () => gate })
    const process = site.process({ jobs: [job], abortGrace: '2s' })
    const other = site.process({ jobs: [defineJob({ name: 'deaf', run: () => 'taken over' })] })
    await process.start()
    const { id } = await site.clock.until(process.scheduler.trigger(job))
    await site.clock.advance(1_000)
    const from = site.clock.monotonic()
    expect(await site.clock.until(process.scheduler.stop({ grace: '3s' }))).toEqual({ stuck: [id] })
    expect(site.clock.monotonic() - from).toBeLessThanOrEqual(7_000)
    expect(process.events.of('scheduler.stopped')).toEqual([{ stuck: [id] }])
    await other.start()
    await site.clock.advance(40_000)
    open('too late')
    await site.clock.advance(1_000)
    expect(await site.clock.until(other.scheduler.runs.get(id))).toMatchObject({ state: 'succeeded', result: 'taken over' })
  })

  it('in every permit: the process is not live any more', async () => {
    await using site = createSite()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const job = defineJob({ name: 'deaf', timeout: '5s', run: () => gate })
    const process = site.process({ jobs: [job], concurrency: 2, abortGrace: '1s' })
    await process.start()
    await site.clock.until(process.scheduler.triggerMany(job, [{}, {}]))
    await site.clock.advance(4_000)
    expect(process.scheduler.live()).toBe(true)
    await site.clock.advance(3_000)
    expect(process.scheduler.live()).toBe(false)
    const health = await site.clock.until(process.scheduler.health())
    expect(health).toMatchObject({ status: 'unhealthy', stuck: [expect.any(String), expect.any(String)] })
    expect(health.why.join()).toContain('every permit of this process (2) is held by a stuck run')
    open()
    await site.clock.advance(1_000)
    expect(process.scheduler.live()).toBe(true)
  })

  it.each(['hold', 'release'] as const)('onStuck: %s decides over its permit and its gates', async (onStuck) => {
    await using site = createSite()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let began = 0
    const job = defineJob({ name: 'deaf', overlap: 'queue', timeout: '5s', onStuck, run: () => (began++ === 0 ? gate : undefined) })
    const process = site.process({ jobs: [job], concurrency: 1, abortGrace: '1s' })
    await process.start()
    await site.clock.until(process.scheduler.triggerMany(job, [{}, {}]))
    await site.clock.advance(60_000)
    expect(began).toBe(onStuck === 'hold' ? 1 : 2)
    open()
    await site.clock.advance(1_000)
    expect(began).toBe(2)
    const states = (await site.clock.until(process.scheduler.runs.find())).map(({ state }) => state)
    expect(states.toSorted()).toEqual(['dead', 'succeeded'])
  })
})

describe('signals', () => {
  afterEach(() => vi.restoreAllMocks())

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s stops once; the second one exits at once', (signal, code) => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('exit')
    })
    const stop = vi.fn(() => new Promise<void>(() => undefined))
    const before = process.listenerCount(signal)
    const release = handleSignals(stop)
    try {
      process.emit(signal, signal)
      expect(stop).toHaveBeenCalledExactlyOnceWith(signal)
      expect(exit).not.toHaveBeenCalled()
      expect(() => process.emit(signal, signal)).toThrow('exit')
      expect(exit).toHaveBeenCalledExactlyOnceWith(code)
      expect(stop).toHaveBeenCalledTimes(1)
    } finally {
      release()
    }
    expect(process.listenerCount(signal)).toBe(before)
  })

  it('are taken by start() if asked for, and given back by stop()', async () => {
    await using site = createSite()
    const counts = (): number[] => (['SIGTERM', 'SIGINT'] as const).map((signal) => process.listenerCount(signal))
    const before = counts()
    const job = defineJob({ name: 'long', run: obey })
    const handled = site.process({ jobs: [job], handleSignals: { grace: '1s' } })
    const left = site.process({ jobs: [job] })
    await left.start()
    expect(counts()).toEqual(before)
    await handled.start()
    expect(counts()).toEqual(before.map((count) => count + 1))
    process.emit('SIGTERM', 'SIGTERM')
    await site.clock.advance(3_000)
    expect(handled.events.of('scheduler.stopped')).toEqual([{ stuck: [] }])
    expect(counts()).toEqual(before)
  })
})
