import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import type { RunContext } from '../../src/job/job.ts'
import { LOST_REPLY, SWALLOWED, SILENT } from './line.ts'
import { createSite } from './site.ts'

const LEASE_MS = 30_000

describe('a process is killed', () => {
  it('while a handler executes: one other starts the next attempt within the lease and a second, under a larger fence', async () => {
    await using site = createSite()
    const attempts: (Pick<RunContext, 'attempt' | 'fence' | 'idempotencyKey'> & { readonly at: number; readonly by: string })[] = []
    const jobFor = (by: string, work: (ctx: RunContext) => Promise<void>) =>
      defineJob({
        name: 'long',
        run: async (ctx) => {
          attempts.push({ attempt: ctx.attempt, fence: ctx.fence, idempotencyKey: ctx.idempotencyKey, at: site.clock.monotonic(), by })
          await work(ctx as RunContext)
        },
      })
    const first = site.process({ jobs: [jobFor('first', () => first.sleep(3_600_000))] })
    const others = ['second', 'third'].map((name) => site.process({ jobs: [jobFor(name, async () => undefined)] }))
    for (const one of [first, ...others]) await one.start()
    const job = first.scheduler.jobs[0] as ReturnType<typeof jobFor>
    const { id } = await site.clock.until(first.scheduler.trigger(job))
    await site.clock.advance(7_000)
    const killedAt = site.clock.monotonic()
    first.kill()
    await site.clock.advance(LEASE_MS + 1_000)
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2])
    expect(attempts[1]?.by).not.toBe('first')
    expect(attempts[1]?.at).toBeLessThanOrEqual(killedAt + LEASE_MS + 1_000)
    expect(attempts[1]?.fence).toBeGreaterThan(attempts[0]?.fence as number)
    expect(new Set(attempts.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1)
    const run = await site.clock.until(others[0]!.scheduler.runs.get(id))
    expect(run).toMatchObject({ state: 'succeeded', failures: 0, crashes: 0 })
    expect(run?.attempts.map(({ outcome }) => outcome)).toEqual(['abandoned', 'succeeded'])
    await site.clock.advance(10 * LEASE_MS)
    expect(attempts).toHaveLength(2)
  })

  it.each([
    ['with nothing else under way', false],
    ['while a renewal that does not know of it is under way', true],
  ])('soon after it began a run that it had held ready, %s: that was an attempt', async (_, renewing) => {
    await using site = createSite()
    const attempts: number[] = []
    let isBusy = false
    let free = (): void => undefined
    const brief = defineJob({
      name: 'brief',
      run: () => (isBusy ? new Promise<void>((resolve) => (free = resolve)) : undefined),
    })
    const jobsFor = (work: () => Promise<void>) => [
      brief,
      defineJob({
        name: 'long',
        run: ({ attempt }) => {
          attempts.push(attempt)
          return work()
        },
      }),
    ]
    const first = site.process({ concurrency: 1, jobs: jobsFor(() => first.sleep(3_600_000)) })
    const second = site.process({ jobs: jobsFor(async () => undefined) })
    await first.start()
    const trigger = (place: number) => site.clock.until(first.scheduler.trigger(first.scheduler.jobs[place] as never))
    // Its first run returned at once: so the process holds ready what comes while the second one is under way.
    await trigger(0)
    isBusy = true
    await trigger(0)
    if (renewing) {
      first.line.judge((verb) => (verb === 'runs.renew' ? { lands: true, answer: 'reply', backMs: 1_000 } : null))
      const renewals = first.line.requests('runs.renew').length
      while (first.line.requests('runs.renew').length === renewals) await site.clock.advance(100)
    }
    const { id } = await trigger(1)
    expect(await site.clock.until(first.scheduler.runs.get(id))).toMatchObject({ state: 'running', startedAt: null })
    free()
    await site.clock.advance(2_500)
    expect(attempts).toEqual([1])
    first.kill()
    await second.start()
    await site.clock.advance(LEASE_MS + 1_000)
    expect(attempts).toEqual([1, 2])
  })

  it('while its idle renewal crosses its first claim: the takeover takes no longer for it', async () => {
    await using site = createSite()
    const began: [string, number][] = []
    const jobFor = (by: string) => defineJob({ name: 'work', run: () => void began.push([by, site.clock.monotonic()]) })
    const [first, second] = [site.process({ jobs: [jobFor('first')], storeTimeout: '15s' }), site.process({ jobs: [jobFor('second')] })]
    await first.start()
    await second.start()
    await site.clock.advance(25_000)
    // The claim landed; its answer is on the way while the process, idle as far as it knows, renews.
    first.line.judge((verb) => (verb === 'runs.enqueue' ? { lands: true, answer: 'reply', backMs: 10_000 } : null))
    void first.scheduler.trigger(first.scheduler.jobs[0] as never)
    const renewals = first.line.requests('runs.renew').length
    while (first.line.requests('runs.renew').length === renewals) await site.clock.advance(100)
    first.kill()
    const killedAt = site.clock.monotonic()
    await site.clock.advance(LEASE_MS + 1_000)
    expect(began.map(([by]) => by)).toEqual(['second'])
    expect(began[0]?.[1]).toBeLessThanOrEqual(killedAt + LEASE_MS + 1_000)
  })

  it.each([
    ['before its firing reached the store', SILENT],
    ['after its firing reached the store', SWALLOWED],
  ])('%s: the slot has one record and runs once', async (_, fault) => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'slots', schedule: every('10s'), run: ({ slot }) => void slots.push(slot?.toISOString() ?? '') })
    const [first, second] = [site.process({ jobs: [job] }), site.process({ jobs: [job] })]
    await first.start()
    first.line.judge((verb) => (verb === 'schedules.fire' ? fault : null))
    await site.clock.advance(10_001)
    expect(first.line.calls.at(-1)?.verb).toBe('schedules.fire')
    first.kill()
    await second.start()
    await site.clock.advance(LEASE_MS + 30_000)
    expect(slots).toContain('2026-01-01T00:00:10.000Z')
    expect(new Set(slots).size).toBe(slots.length)
    const audit = await site.clock.until(second.scheduler.audit())
    expect(audit).toMatchObject({ ok: true, proven: 7 })
  })

  it('between the end of its handler and the settlement: the run is executed again with the same idempotency key', async () => {
    await using site = createSite()
    const keys: string[] = []
    const job = defineJob({ name: 'effect', run: ({ idempotencyKey }) => void keys.push(idempotencyKey) })
    const [first, second] = [site.process({ jobs: [job] }), site.process({ jobs: [job] })]
    await first.start()
    await second.start()
    first.line.judge((verb) => (verb === 'runs.settle' ? SILENT : null))
    const { id } = await site.clock.until(first.scheduler.trigger(job))
    await site.clock.settle()
    expect(keys).toEqual([id])
    first.kill()
    await site.clock.advance(LEASE_MS + 1_000)
    expect(keys).toEqual([id, id])
    expect(await site.clock.until(second.scheduler.runs.get(id))).toMatchObject({ state: 'succeeded', attempt: 2 })
  })

  it('after the settlement was written: nothing is executed again', async () => {
    await using site = createSite()
    const keys: string[] = []
    const job = defineJob({ name: 'effect', run: ({ idempotencyKey }) => void keys.push(idempotencyKey) })
    const [first, second] = [site.process({ jobs: [job] }), site.process({ jobs: [job] })]
    await first.start()
    await second.start()
    first.line.judge((verb) => (verb === 'runs.settle' ? LOST_REPLY : null))
    await site.clock.until(first.scheduler.trigger(job))
    await site.clock.settle()
    first.kill()
    await site.clock.advance(10 * LEASE_MS)
    expect(keys).toHaveLength(1)
  })
})

describe('a run that kills its process', () => {
  it('is dead after three crashes as the only suspect, and condemns no run beside it', async () => {
    await using site = createSite()
    const executed: string[] = []
    const start = async () => {
      const process = site.process({
        jobs: [
          defineJob({
            name: 'poison',
            run: ({ signal }) => {
              executed.push('poison')
              process.kill()
              return process.sleep(3_600_000, signal)
            },
          }),
          defineJob({ name: 'innocent', run: ({ signal }) => process.sleep(20_000, signal) }),
        ],
      })
      await process.start()
      return process
    }
    const client = site.process({
      jobs: [defineJob({ name: 'poison', run: async () => undefined }), defineJob({ name: 'innocent', run: async () => undefined })],
    })
    const [poison, innocent] = client.scheduler.jobs as [never, never]
    await site.clock.until(
      client.scheduler.triggerMany(
        innocent,
        Array.from({ length: 5 }, () => ({})),
      ),
    )
    const { id } = await site.clock.until(client.scheduler.trigger(poison))
    // An orchestrator starts each process again.
    for (let restart = 0; restart < 12; restart++) {
      await start()
      await site.clock.advance(LEASE_MS + 5_000)
    }
    expect(await site.clock.until(client.scheduler.runs.get(id))).toMatchObject({ state: 'dead', crashes: 3 })
    const rest = await site.clock.until(client.scheduler.runs.find({ job: 'innocent' }))
    expect(rest.map(({ state, crashes }) => [state, crashes])).toEqual(Array.from({ length: 5 }, () => ['succeeded', 0]))
    // The first death only made it a suspect; the three after it counted.
    expect(executed).toHaveLength(4)
  })
})

describe('processes of one name', () => {
  it('are different owners, whatever they share', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'any', run: () => undefined })
    const processes = [site.process({ jobs: [job] }), site.process({ jobs: [job] })]
    for (const one of processes) await one.start()
    const owners = processes.flatMap(({ events }) => events.of('scheduler.started').map(({ owner }) => owner))
    expect(new Set(owners).size).toBe(2)
    // The same process, stopped and started, is another owner too.
    await site.clock.until(processes[0]!.scheduler.stop())
    await processes[0]!.start()
    expect(processes[0]!.events.of('scheduler.started').at(-1)?.owner).not.toBe(owners[0])
  })
})
