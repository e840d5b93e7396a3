import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineJob, every, QuarterjackError } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { SILENT } from './line.ts'
import { createSite } from './site.ts'

const isFull = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'
const iso = (slot: Date | null): string => slot?.toISOString() ?? ''
const keep = { succeeded: 10_000 }

describe('a thundering herd', () => {
  const MANY = isFull ? 10_000 : 2_000

  it(`${MANY} schedules due at one instant, three processes: all fire exactly once, in bounded batches, shared out`, async () => {
    await using site = createSite('2026-01-01T00:30:00Z')
    const fired = new Map<string, number>()
    const byProcess = [0, 0, 0]
    const processes = byProcess.map((_, index) =>
      site.process({
        jobs: [
          defineJob({
            name: 'tenant',
            run: async ({ key }) => {
              fired.set(key, (fired.get(key) ?? 0) + 1)
              byProcess[index] = (byProcess[index] as number) + 1
              await processes[index]!.sleep(10)
            },
          }),
        ],
      }),
    )
    for (const one of processes) await one.start()
    const job = processes[0]!.scheduler.jobs[0] as never
    const settings = Array.from({ length: MANY }, (_, index) => ({ key: `tenant-${index}`, schedule: every('1h') }))
    await site.clock.until(processes[0]!.scheduler.schedules.setMany(job, settings))
    await site.clock.advance(30 * 60_000 - 1_000)
    expect(fired.size).toBe(0)
    await site.clock.advance(60_000)
    expect(fired.size).toBe(MANY)
    expect([...fired.values()].every((count) => count === 1)).toBe(true)
    expect(Math.min(...byProcess)).toBeGreaterThan(MANY / 10)
    for (const { line } of processes) {
      const batches = line.requests('schedules.fire') as { firings: unknown[] }[]
      expect(Math.max(0, ...batches.map(({ firings }) => firings.length))).toBeLessThanOrEqual(500)
    }
    expect(await site.clock.until(processes[0]!.scheduler.audit())).toMatchObject({ ok: true, proven: MANY })
  })

  it('jitter spreads it, the same way on every node, and never past the next slot', async () => {
    const started: number[] = []
    const job = defineJob({ name: 'tenant', run: () => undefined })
    await using manual = manualScheduler({ jobs: [job], startAt: '2026-01-01T00:30:00Z', concurrency: 100 })
    await manual.start()
    manual.scheduler.on('run.started', ({ at }) => started.push(at))
    const settings = Array.from({ length: 200 }, (_, index) => ({ key: `tenant-${index}`, schedule: every('1h', { jitter: '10m' }) }))
    await manual.scheduler.schedules.setMany(job, settings)
    await manual.advance('29m')
    expect(started).toEqual([])
    await manual.advance('12m')
    expect(started).toHaveLength(200)
    // No minute of the ten has more than a third of them.
    const minutes = Map.groupBy(started, (at) => Math.floor(at / 60_000))
    expect(minutes.size).toBe(10)
    expect(Math.max(...[...minutes.values()].map(({ length }) => length))).toBeLessThan(67)
    expect(manual.events.of('run.started').every(({ latenessMs }) => latenessMs < 50)).toBe(true)
  })

  it('a crowded job does not starve the others of the process', async () => {
    await using site = createSite()
    const crowd = defineJob({ name: 'a-crowd', run: () => process.sleep(100) })
    const quiet = defineJob({ name: 'z-quiet', run: () => undefined })
    const process = site.process({ jobs: [crowd, quiet], concurrency: 5 })
    await process.start()
    await site.clock.until(
      process.scheduler.triggerMany(
        crowd,
        Array.from({ length: 2_000 }, () => ({})),
      ),
    )
    const handle = await site.clock.until(process.scheduler.trigger(quiet))
    const from = site.clock.monotonic()
    await site.clock.until(handle.finished())
    // The crowd needs 40 s.
    expect(site.clock.monotonic() - from).toBeLessThan(10_000)
  })
})

describe('a long outage', () => {
  const WEEKEND_MS = 3 * 86_400_000

  it.each([
    ['latest', 'latest' as const, 1],
    ['none', 'none' as const, 0],
    ['all', { all: true as const, limit: 50 }, 50],
    ['all, within two hours', { all: true as const, within: '2h' as const }, 100],
    ['all, within half an hour', { all: true as const, within: '30m' as const }, 30],
  ])('%s: as many runs as asked for, the rest is accounted for, and new slots go on in time', async (_, catchUp, count) => {
    const slots: string[] = []
    const job = defineJob({ name: 'minutely', schedule: every('1m'), catchUp, keep, run: ({ slot }) => void slots.push(iso(slot)) })
    const before = manualScheduler({ jobs: [job], startAt: '2026-01-02T00:00:30Z' })
    await before.start()
    await before.stop()
    await before.clock.advance(WEEKEND_MS + 15_000)
    await using after = manualScheduler({ jobs: [job], store: before.scheduler.store, clock: before.clock, seed: 2 })
    await after.start()
    await after.advance('10s')
    expect(slots).toHaveLength(count)
    expect(slots).toEqual(slots.toSorted())
    if (count > 0) expect(slots.at(-1)).toBe('2026-01-05T00:00:00.000Z')
    await after.advance('1m')
    expect(slots).toHaveLength(count + 1)
    const audit = await after.scheduler.audit()
    expect(audit).toMatchObject({ ok: true, proven: 4_321 })
    expect(audit.schedules[0]?.skipped).toEqual({ misfire: 4_320 - count })
  })

  it('a suspension is no outage: its slots are suspended ones, and none is caught up', async () => {
    const slots: string[] = []
    const job = defineJob({
      name: 'minutely',
      schedule: every('1m'),
      catchUp: { all: true },
      keep,
      run: ({ slot }) => void slots.push(iso(slot)),
    })
    await using manual = manualScheduler({ jobs: [job], startAt: '2026-01-02T00:00:30Z' })
    await manual.start()
    await manual.scheduler.suspend(job, 'the provider is down')
    await manual.advance('1d')
    await manual.scheduler.resume(job)
    await manual.advance('1m')
    expect(slots).toEqual(['2026-01-03T00:01:00.000Z'])
    const audit = await manual.scheduler.audit()
    expect(audit).toMatchObject({ ok: true, proven: 1_441 })
    expect(audit.schedules[0]?.skipped).toEqual({ suspended: 1_440 })
  })

  it('a hundred failures in a row do not stop a schedule', async () => {
    let broken = true
    let runs = 0
    const job = defineJob({
      name: 'stubborn',
      schedule: every('1m'),
      run: () => {
        runs++
        if (broken) throw new Error('down')
      },
    })
    await using manual = manualScheduler({ jobs: [job], startAt: '2026-01-02T00:00:30Z' })
    await manual.start()
    await manual.advance('101m')
    expect(runs).toBe(101)
    broken = false
    await manual.advance('1m')
    expect((await manual.scheduler.health()).jobs[0]).toMatchObject({ status: 'ok', consecutiveFailures: 0 })
  })
})

describe('a storm of triggers', () => {
  const CALLS = isFull ? 100_000 : 20_000

  it(`${CALLS} debounced calls cost a handful of writes and make one run`, async () => {
    await using site = createSite()
    let runs = 0
    const job = defineJob({ name: 'refresh', debounce: { wait: '5s', maxWait: '30s' }, run: () => void runs++ })
    const process = site.process({ jobs: [job] })
    await process.start()
    const before = process.line.calls.length
    const handles = await site.clock.until(Promise.all(Array.from({ length: CALLS }, () => process.scheduler.trigger(job))))
    expect(process.line.requests('runs.enqueue').length).toBeLessThanOrEqual(10)
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1)
    await site.clock.advance(6_000)
    expect(runs).toBe(1)
    expect(await site.clock.until(process.scheduler.runs.get(handles[0]!.id))).toMatchObject({ state: 'succeeded', triggers: CALLS })
    expect(process.line.calls.length - before).toBeLessThan(30)
  })

  it('that never ends: a run at each maxWait, counted from the first trigger, also over a restart', async () => {
    await using site = createSite()
    const ran: number[] = []
    const jobFor = () =>
      defineJob({ name: 'refresh', debounce: { wait: '5s', maxWait: '30s' }, run: () => void ran.push(site.clock.monotonic()) })
    let process = site.process({ jobs: [jobFor()] })
    await process.start()
    const from = site.clock.monotonic()
    for (let second = 0; second < 75; second++) {
      void process.scheduler.trigger(process.scheduler.jobs[0] as never)
      await site.clock.advance(1_000)
      if (second !== 20) continue
      process.kill()
      process = site.process({ jobs: [jobFor()] })
      await process.start()
    }
    await site.clock.advance(10_000)
    expect(ran).toHaveLength(3)
    expect((ran[0] as number) - from).toBeGreaterThanOrEqual(30_000)
    expect((ran[0] as number) - from).toBeLessThan(31_500)
    expect((ran[1] as number) - (ran[0] as number)).toBeLessThan(33_000)
  })

  it('a trigger that the store never got is no silent loss: its caller is told', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'refresh', debounce: { wait: '5s' }, run: () => undefined })
    const process = site.process({ jobs: [job] })
    await process.start()
    process.line.judge((verb) => (verb === 'runs.enqueue' ? SILENT : null))
    const refused = await site.clock.until(process.scheduler.trigger(job).catch((error: unknown) => error))
    expect(QuarterjackError.isInstance(refused, 'StoreTimedOut')).toBe(true)
  })
})

describe('things that meet at one instant', () => {
  it('a slot, a trigger and a replay are runs of their own, wait their turn, and move no slot', async () => {
    await using site = createSite('2026-01-01T00:00:30Z')
    const order: [string, number][] = []
    const job = defineJob({
      name: 'work',
      schedule: every('1m'),
      overlap: 'queue',
      keep,
      run: async ({ trigger }) => {
        order.push([trigger, site.clock.monotonic()])
        await process.sleep(2_000)
      },
    })
    const process = site.process({ jobs: [job] })
    await process.start()
    const first = await site.clock.until(process.scheduler.trigger(job))
    await site.clock.until(first.finished())
    order.length = 0
    await site.clock.advanceTo('2026-01-01T00:00:59.999Z')
    const next = (await site.clock.until(process.scheduler.preview(job, { count: 3 }))).map(({ slot }) => iso(slot))
    const made = Promise.all([
      site.clock.advance(1),
      process.scheduler.trigger(job, undefined, { runAt: '2026-01-01T00:01:00Z' }),
      process.scheduler.runs.replay(first.id),
    ])
    await made
    await site.clock.advance(10_000)
    expect(order.map(([trigger]) => trigger).toSorted()).toEqual(['manual', 'replay', 'schedule'])
    const [a, b, c] = order.map(([, at]) => at) as [number, number, number]
    expect([b - a >= 2_000, c - b >= 2_000]).toEqual([true, true])
    expect((await site.clock.until(process.scheduler.preview(job, { count: 2 }))).map(({ slot }) => iso(slot))).toEqual(next.slice(1))
    const runs = await site.clock.until(process.scheduler.runs.find())
    expect(new Set(runs.map(({ id }) => id)).size).toBe(4)
    expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true, proven: 1 })
  })

  it('a suspension that comes between the look and the firing holds: nothing runs', async () => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'work', schedule: every('10s'), keep, run: ({ slot }) => void slots.push(iso(slot)) })
    const process = site.process({ jobs: [job] })
    await process.start()
    process.line.judge((verb) => (verb === 'schedules.fire' ? { lands: true, answer: 'reply', outMs: 100 } : null))
    await site.clock.advance(10_050)
    expect(process.line.requests('schedules.fire')).toHaveLength(1)
    await site.store.schedules.suspend({ targets: [{ job: 'work', reason: 'now' }] })
    await site.clock.advance(30_000)
    expect(slots).toEqual([])
    expect(await site.clock.until(process.scheduler.runs.find())).toEqual([])
    process.line.judge(null)
    await site.clock.until(process.scheduler.resume(job))
    await site.clock.advance(10_000)
    // The slot of the race was due before the suspension: it is only late. Those within it are skipped.
    expect(slots).toEqual(['2026-01-01T00:00:10.000Z', '2026-01-01T00:00:50.000Z'])
    expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true, proven: 5 })
  })
})

describe('history that is pruned', () => {
  it('lets no slot fire again, and the audit attests what it cannot enumerate', async () => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'work', schedule: every('10s'), keep: { succeeded: 2 }, run: ({ slot }) => void slots.push(iso(slot)) })
    const first = site.process({ jobs: [job] })
    await first.start()
    await site.clock.advance(600_000)
    await site.clock.until(first.scheduler.stop())
    const second = site.process({ jobs: [job] })
    await second.start()
    await site.clock.advance(600_000)
    expect(new Set(slots).size).toBe(slots.length)
    expect(slots).toHaveLength(120)
    const audit = await site.clock.until(second.scheduler.audit())
    expect(audit.ok).toBe(true)
    expect(audit.attested).toBeGreaterThan(100)
    expect(audit.proven + audit.attested).toBe(120)
  })
})

describe('what is too large or cannot be kept', () => {
  const refusal = async (payload: unknown): Promise<unknown> => {
    const job = defineJob({ name: 'deep', payload: z.unknown(), run: () => undefined })
    await using manual = manualScheduler({ jobs: [job] })
    return manual.scheduler.trigger(job, payload).catch((error: unknown) => error)
  }

  it.each<[string, unknown, RegExp]>([
    ['10 MB', 'x'.repeat(10_000_000), /\$truncated.*"bytes":10000002,"limit":65536/],
    ['a BigInt', { n: 1n }, /\$unserialisable/],
    ['a cycle', Object.assign([] as unknown[], { 0: null }), /\[null\]/],
    [
      'a getter that throws',
      {
        get x(): never {
          throw new Error('no')
        },
      },
      /\$unserialisable":"no/,
    ],
  ])('a result of %s never fails its run', async (_, result, kept) => {
    const job = defineJob({ name: 'large', run: () => result })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const handle = await manual.scheduler.trigger(job)
    expect(JSON.stringify(await manual.finish(handle))).toMatch(kept)
    const [record] = (await manual.scheduler.store.runs.get({ ids: [handle.id] })).runs
    expect(record?.result?.length).toBeLessThan(65_536)
  })

  it('errors, progress and reasons are bounded in what is kept', async () => {
    const huge = 'x'.repeat(1_000_000)
    const job = defineJob({
      name: 'large',
      run: ({ progress }) => {
        progress({ huge })
        throw Object.assign(new Error(huge), { stack: huge, cause: new Error(huge) })
      },
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const { id } = await manual.scheduler.trigger(job)
    await manual.advance('15s')
    const [record] = (await manual.scheduler.store.runs.get({ ids: [id] })).runs
    expect(record?.state).toBe('dead')
    expect(JSON.stringify(record?.error).length).toBeLessThanOrEqual(16_384)
    expect(record?.reason?.length).toBeLessThanOrEqual(16_384)
    expect(record?.progress?.length).toBeLessThanOrEqual(4_096)
    expect(JSON.stringify(record).length).toBeLessThan(100_000)
  })

  it('a payload nested without end is refused with a code', async () => {
    let nested: unknown = 0
    for (let depth = 0; depth < 200_000; depth++) nested = [nested]
    await expect(refusal(nested)).resolves.toMatchObject({
      code: 'PayloadNotSerializable',
      message: expect.stringMatching(/nested deeper than 500 levels/),
    })
    expect(((await refusal(nested)) as Error).message.length).toBeLessThan(500)
  })

  it.each<[string, () => unknown]>([
    ['throws', () => expect.unreachable()],
    ['answers with a BigInt', () => 1n],
  ])('a payload whose toJSON %s is refused with a code', async (_, toJSON) => {
    expect(await refusal({ toJSON })).toMatchObject({ code: 'PayloadNotSerializable' })
  })
})
