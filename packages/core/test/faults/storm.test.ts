import { describe, expect, it } from 'vitest'
import { defineJob, every, QuarterjackError } from '../../src/index.ts'
import { SILENT } from './line.ts'
import { createSite } from './site.ts'

const isFull = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'
const iso = (slot: Date | null): string => slot?.toISOString() ?? ''
const keep = { succeeded: 10_000 }

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
