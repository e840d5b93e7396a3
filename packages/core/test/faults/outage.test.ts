import { describe, expect, it } from 'vitest'
import { createMutex, defineJob, every, QuarterjackError } from '../../src/index.ts'
import { LOST_REPLY, REFUSED, SILENT } from './line.ts'
import { createSite } from './site.ts'

const iso = (slot: Date | null): string => slot?.toISOString() ?? ''

describe('the store is down', () => {
  it('at the start: it says so until it is started again', async () => {
    await using site = createSite()
    const begun: string[] = []
    const job = defineJob({ name: 'slots', schedule: every('1m'), run: ({ slot }) => void begun.push(iso(slot)) })
    const process = site.process({ jobs: [job] })
    process.line.all(REFUSED)
    await expect(process.start()).rejects.toThrow('ECONNRESET')
    process.line.all(null)
    await site.clock.advance(7_200_000)
    const health = await site.clock.until(process.scheduler.health())
    expect(health).toMatchObject({ status: 'unhealthy', owners: 0, store: { reachable: true } })
    expect(health.why[0]).toMatch(/^start\(\) failed, and nothing runs here until it is called again: .*ECONNRESET/)
    expect(begun).toEqual([])
    await process.start()
    await site.clock.advance(60_000)
    expect(begun).toHaveLength(1)
    expect(await site.clock.until(process.scheduler.health())).toMatchObject({ status: 'ok', why: [] })
  })

  it.each([
    ['refuses', REFUSED],
    ['is silent', SILENT],
  ])('for a minute and %s: the process stays, pauses at most 5 s between tries, and nothing is doubled', async (_, fault) => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'slots', schedule: every('10s'), catchUp: { all: true }, run: ({ slot }) => void slots.push(iso(slot)) })
    const process = site.process({ jobs: [job] })
    await process.start()
    await site.clock.advance(20_000)
    expect(slots).toHaveLength(2)
    process.line.all(fault)
    await site.clock.advance(60_000)
    expect(slots).toHaveLength(2)
    const down = await site.clock.until(process.scheduler.health())
    expect(down).toMatchObject({ status: 'unhealthy', store: { reachable: false } })
    expect(down.why[0]).toMatch(/the store has not answered for/)
    expect(process.scheduler.live()).toBe(true)
    process.line.all(null)
    await site.clock.advance(10_000)
    // Back within the longest pause (5 s) and one deadline (5 s), all missed slots in order.
    expect(slots.length).toBeGreaterThanOrEqual(8)
    expect(slots).toEqual([...new Set(slots)].toSorted())
    expect(process.events.of('store.recovered')).not.toHaveLength(0)
    expect(await site.clock.until(process.scheduler.health())).toMatchObject({ status: 'ok', store: { reachable: true, failingForMs: 0 } })
    expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true })
  })

  it('asks at a pace that an outage can bear', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'slots', schedule: every('1s'), run: () => undefined })
    const process = site.process({ jobs: [job] })
    await process.start()
    await site.clock.advance(5_000)
    process.line.all(REFUSED)
    await site.clock.advance(60_000)
    const before = process.line.calls.length
    await site.clock.advance(600_000)
    // The loop and the renewal, each at least 2.5 s apart; housekeeping now and then.
    expect(process.line.calls.length - before).toBeLessThan(2 * (600 / 2.5) + 60)
    expect(process.line.calls.length - before).toBeGreaterThan(2 * (600 / 5) - 10)
  })

  it('beyond the lease: handlers go on while the lease can be trusted, and are told at that very moment', async () => {
    await using site = createSite()
    const { promise, resolve } = Promise.withResolvers<{ at: number; code: string }>()
    const job = defineJob({
      name: 'long',
      run: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            resolve({ at: site.clock.monotonic(), code: (signal.reason as QuarterjackError).code })
            reject(signal.reason)
          })
        }),
    })
    const process = site.process({ jobs: [job] })
    await process.start()
    const handle = await site.clock.until(process.scheduler.trigger(job))
    await site.clock.advance(25_000)
    const renewedAt = process.line.calls.filter(({ verb }) => verb === 'runs.renew').at(-1)?.at as number
    process.line.all(SILENT)
    const aborted = await site.clock.until(promise)
    expect(aborted).toEqual({ at: renewedAt + 29_000, code: 'LeaseLost' })
    expect(process.events.of('lease.lost')).toHaveLength(1)
    process.line.all(null)
    await site.clock.advance(40_000)
    // It is tried again, and the attempt that lost its lease burned none of the retries.
    expect(process.events.of('run.started')).toHaveLength(2)
    expect(await site.clock.until(process.scheduler.runs.get(handle.id))).toMatchObject({ state: 'running', failures: 0 })
  })
})

describe('the store takes reads and refuses writes', () => {
  it('executes nothing that it could not record, says so, and goes on by itself', async () => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'slots', schedule: every('10s'), run: ({ slot }) => void slots.push(iso(slot)) })
    const process = site.process({ jobs: [job] })
    await process.start()
    const readOnly = Object.assign(new Error('cannot execute UPDATE in a read-only transaction'), { code: '25006' })
    const writes = /^(schedules\.(fire|register|set|suspend)|runs\.(enqueue|claim|renew|settle|prune|leave))$/
    process.line.judge((verb) => (writes.test(verb) ? { ...REFUSED, error: readOnly } : null))
    await site.clock.advance(65_000)
    expect(slots).toEqual([])
    const health = await site.clock.until(process.scheduler.health())
    expect(health.status).not.toBe('ok')
    expect(process.events.of('store.failed').at(-1)?.error.message).toMatch(/read-only/)
    const tries = process.line.calls.filter(({ verb }) => verb === 'schedules.fire').length
    expect(tries).toBeLessThan(40)
    process.line.judge(null)
    await site.clock.advance(10_000)
    expect(slots).toHaveLength(2)
    expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true })
  })
})

describe('the store refuses to record how a run ended', () => {
  it.each([
    { why: 'what was written', serverWide: false, state: 'dead', reason: 'its outcome could not be recorded' },
    { why: 'the state of its server', serverWide: true, state: 'succeeded', reason: null },
  ])('because of $why, and answers other calls: in the end the run is $state', async ({ serverWide, state, reason }) => {
    await using site = createSite()
    const job = defineJob({ name: 'task', run: () => 'done' })
    const process = site.process({ jobs: [job] })
    await process.start()
    const error = new QuarterjackError('StoreUnavailable', 'refused.', { serverWide })
    let refusals = 0
    process.line.judge((verb, request) => {
      const isOfOutcome = verb === 'runs.settle' && JSON.stringify(request).includes('"succeeded"')
      if (isOfOutcome) refusals++
      return isOfOutcome ? { ...REFUSED, error } : null
    })
    const { id } = await site.clock.until(process.scheduler.trigger(job))
    await site.clock.advance(300_000)
    expect(refusals).toBeGreaterThanOrEqual(10)
    process.line.judge(null)
    await site.clock.advance(30_000)
    expect(await site.clock.until(process.scheduler.runs.get(id))).toMatchObject({ state, reason, attempt: 1 })
  })
})

describe('the store is slow', () => {
  it('a call that does not answer in time is given up, and may have taken effect: slots are not doubled', async () => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({
      name: 'slots',
      schedule: every('10s'),
      overlap: 'allow',
      keep: { succeeded: 100 },
      run: ({ slot }) => void slots.push(iso(slot)),
    })
    const [slow, quick] = [site.process({ jobs: [job] }), site.process({ jobs: [job] })]
    await slow.start()
    await quick.start()
    slow.line.all({ lands: true, answer: 'reply', outMs: 4_000, backMs: 4_000 })
    await site.clock.advance(300_000)
    expect(slow.events.of('store.failed').every(({ error }) => error.code === 'StoreTimedOut')).toBe(true)
    expect(slow.events.of('store.failed').length).toBeGreaterThan(0)
    slow.line.all(null)
    await site.clock.advance(60_000)
    expect(new Set(slots).size).toBe(slots.length)
    expect(slots).toHaveLength(36)
    expect(await site.clock.until(quick.scheduler.audit())).toMatchObject({ ok: true, proven: 36 })
  })

  it('a late renewal does not extend trust beyond what its start allows', async () => {
    await using site = createSite()
    let abortedAt: number | null = null
    const job = defineJob({
      name: 'long',
      run: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            abortedAt ??= site.clock.monotonic()
            reject(signal.reason)
          })
        }),
    })
    const process = site.process({ jobs: [job], storeTimeout: '15s' })
    await process.start()
    await site.clock.until(process.scheduler.trigger(job))
    await site.clock.advance(1_000)
    const renewals = (): number[] => process.line.calls.filter(({ verb }) => verb === 'runs.renew').map(({ at }) => at)
    // Each renewal answers after 14 s; the first one still counts from when it was asked.
    process.line.judge((verb) => (verb === 'runs.renew' ? { lands: true, answer: 'reply', backMs: 14_000 } : null))
    await site.clock.advance(25_000)
    const confirmed = renewals().at(-1) as number
    process.line.judge((verb) => (verb === 'runs.renew' ? SILENT : null))
    expect(abortedAt).toBeNull()
    await site.clock.advance(60_000)
    expect(abortedAt).toBe(confirmed + 29_000)
  })

  it('never asks the same thing twice at a time', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'slots', schedule: every('1s'), run: () => undefined })
    const process = site.process({ jobs: [job], storeTimeout: '15s' })
    await process.start()
    process.line.all({ lands: true, answer: 'reply', outMs: 1_500, backMs: 1_500 })
    await site.clock.advance(120_000)
    for (const verb of ['schedules.due', 'runs.claim', 'runs.renew']) {
      const asked = process.line.calls.filter((call) => call.verb === verb).map(({ at }) => at)
      const gaps = asked.slice(2).map((at, index) => at - (asked[index + 1] as number))
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(3_000)
    }
  })
})

describe('connections are reset again and again', () => {
  it.each(['schedules.fire', 'runs.claim', 'runs.settle', 'runs.enqueue', 'runs.renew'])(
    'every reply of %s is lost for a minute: each slot and each trigger has one record and runs once',
    async (verb) => {
      await using site = createSite()
      const executed: string[] = []
      const job = defineJob({
        name: 'work',
        schedule: every('10s'),
        overlap: 'allow',
        keep: { succeeded: 100 },
        run: ({ runId }) => void executed.push(runId),
      })
      const [process, other] = [site.process({ jobs: [job] }), site.process({ jobs: [] })]
      await process.start()
      await other.start()
      process.line.judge((asked) => (asked === verb ? LOST_REPLY : null))
      const triggers: Promise<unknown>[] = []
      for (let round = 0; round < 6; round++) {
        triggers.push(process.scheduler.trigger(job).catch((error: unknown) => error))
        await site.clock.advance(10_000)
      }
      process.line.judge(null)
      await site.clock.advance(120_000)
      const answers = await Promise.all(triggers)
      // A lost reply is asked for again under the same id; what cannot be answered is told to the caller.
      expect(answers.every((answer) => 'id' in (answer as object) || QuarterjackError.isInstance(answer, 'StoreUnavailable'))).toBe(true)
      const runs = await site.clock.until(process.scheduler.runs.find({ limit: 1_000 }))
      expect(runs.filter(({ state }) => state === 'pending' || state === 'running')).toEqual([])
      expect(new Set(executed).size).toBe(executed.length)
      expect(executed).toHaveLength(18 + 6)
      expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true, proven: 18 })
    },
  )

  it('the reply of a mutex is lost: the lock is not left behind', async () => {
    await using site = createSite()
    const process = site.process({ jobs: [] })
    await process.start()
    let lost = 0
    process.line.judge((verb) => (verb === 'leases.acquire' && lost++ === 0 ? LOST_REPLY : null))
    const refused = createMutex(process.line.store, 'm', { clock: process.clock }).withLock(() => 'first')
    await expect(site.clock.until(refused)).rejects.toMatchObject({ code: 'StoreUnavailable', cause: { message: 'ECONNRESET' } })
    expect(await site.clock.until(createMutex(site.store, 'm', { clock: site.clock }).withLock(() => 'second', { wait: '1s' }))).toBe(
      'second',
    )
  })
})

describe('an audit', () => {
  it.each([
    ['refuses', REFUSED, 'StoreUnavailable'],
    ['never answers', SILENT, 'StoreTimedOut'],
  ])('of a store that %s ends with a code', async (_, fault, code) => {
    await using site = createSite()
    const process = site.process({ jobs: [defineJob({ name: 'slots', schedule: every('10s'), run: () => undefined })] })
    await process.start()
    process.line.judge((verb) => (verb === 'schedules.ledger' ? fault : null))
    await expect(site.clock.until(process.scheduler.audit())).rejects.toMatchObject({ code })
    expect(site.clock.monotonic()).toBeLessThanOrEqual(30_000)
  })
})
