import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { cron, defineJob, every } from '../../src/index.ts'
import { REFUSED } from './line.ts'
import { createSite, type SiteProcess } from './site.ts'

const iso = (slot: Date | null): string => slot?.toISOString() ?? ''
const keep = { succeeded: 1_000 }

describe('a deploy changes a schedule, and both versions live for a while', () => {
  it('nothing fires in retrospect, the old version never flips it back, and the change is in the ledger', async () => {
    await using site = createSite('2026-01-01T00:30:00Z')
    const slots: string[] = []
    const run = ({ slot }: { slot: Date | null }) => void slots.push(iso(slot))
    const hourly = defineJob({ name: 'report', schedule: cron('0 * * * *'), keep, run })
    const daily = defineJob({ name: 'report', schedule: cron('0 3 * * *'), keep, run })
    const before = site.process({ jobs: [hourly] })
    await before.start()
    await site.clock.advance(4 * 3_600_000)
    expect(slots).toHaveLength(4)
    slots.length = 0
    const after = site.process({ jobs: [daily] })
    await after.start()
    // A process of the old version that starts again during the deploy changes nothing either.
    const late = site.process({ jobs: [hourly] })
    await late.start()
    const generations = async () => (await site.store.schedules.load({ jobs: ['report'] })).jobs.map(({ generation }) => generation)
    expect(await generations()).toEqual([2])
    await site.clock.advance(5 * 60_000)
    expect(await generations()).toEqual([2])
    await site.clock.until(before.scheduler.stop())
    await site.clock.until(late.scheduler.stop())
    await site.clock.advance(24 * 3_600_000)
    expect(slots).toEqual(['2026-01-02T03:00:00.000Z'])
    expect(await generations()).toEqual([2])
    expect(await site.clock.until(after.scheduler.audit())).toMatchObject({ ok: true, proven: 5 })
  })

  it('a rollback wins once no process of the new version lives', async () => {
    await using site = createSite()
    const versions: string[] = []
    const version = (name: string, interval: '10s' | '15s') =>
      defineJob({ name: 'work', schedule: every(interval), keep, run: () => void versions.push(name) })
    const old = site.process({ jobs: [version('old', '10s')] })
    await old.start()
    const deployed = site.process({ jobs: [version('new', '15s')] })
    await deployed.start()
    await site.clock.until(old.scheduler.stop())
    await site.clock.advance(60_000)
    const back = site.process({ jobs: [version('back', '10s')] })
    await back.start()
    expect((await site.store.schedules.list({ limit: 10 })).schedules[0]?.spec).toContain('15000')
    await site.clock.until(deployed.scheduler.stop())
    await site.clock.advance(60_000)
    expect((await site.store.schedules.list({ limit: 10 })).schedules[0]?.spec).toContain('10000')
    expect(await site.clock.until(back.scheduler.audit())).toMatchObject({ ok: true })
  })

  it('a slot that was missed before the change is superseded, not caught up', async () => {
    await using site = createSite()
    const slots: string[] = []
    const run = ({ slot }: { slot: Date | null }) => void slots.push(iso(slot))
    const before = site.process({ jobs: [defineJob({ name: 'work', schedule: every('10m'), catchUp: { all: true }, keep, run })] })
    await before.start()
    await site.clock.until(before.scheduler.stop())
    await site.clock.advance(65 * 60_000)
    const after = site.process({ jobs: [defineJob({ name: 'work', schedule: every('1h'), catchUp: { all: true }, keep, run })] })
    await after.start()
    await site.clock.advance(3 * 60_000)
    expect(slots).toEqual([])
    await site.clock.advance(60 * 60_000)
    expect(slots).toEqual(['2026-01-01T02:00:00.000Z'])
    const audit = await site.clock.until(after.scheduler.audit())
    expect(audit).toMatchObject({ ok: true, proven: 7 })
    expect(audit.schedules[0]?.skipped).toEqual({ superseded: 6 })
  })
})

describe('processes know different jobs', () => {
  it('each job runs on time where its code lives, and nobody touches what it does not know', async () => {
    await using site = createSite()
    const ran: string[] = []
    const job = (name: string, by: string) =>
      defineJob({ name, schedule: every('10s'), keep, run: () => void ran.push(`${name} on ${by}`) })
    const a = site.process({ jobs: [job('x', 'a'), job('y', 'a')] })
    const b = site.process({ jobs: [job('y', 'b'), job('z', 'b')] })
    await a.start()
    await b.start()
    await site.clock.advance(60_000)
    const count = (name: string): number => ran.filter((entry) => entry.startsWith(name)).length
    expect([count('x on a'), count('y'), count('z on b')]).toEqual([6, 6, 6])
    expect(ran.some((entry) => entry === 'x on b' || entry === 'z on a')).toBe(false)
    expect((await site.store.schedules.list({ limit: 10 })).schedules.map(({ job: name }) => name)).toEqual(['x', 'y', 'z'])
    expect(await site.clock.until(a.scheduler.audit())).toMatchObject({ ok: true, proven: 18 })
  })

  it('a due job that no live process knows is a warning, its slot stays due, and catch-up applies when one comes', async () => {
    await using site = createSite()
    const slots: string[] = []
    const orphan = defineJob({
      name: 'orphan',
      schedule: every('10s'),
      misfireAfter: '5s',
      keep,
      run: ({ slot }) => void slots.push(iso(slot)),
    })
    const other = defineJob({ name: 'other', run: () => undefined })
    const gone = site.process({ jobs: [orphan] })
    await gone.start()
    await site.clock.until(gone.scheduler.stop())
    // It watches the job without executing it.
    const watching = site.process({ jobs: [orphan, other] })
    await watching.start({ only: [other] })
    await site.clock.advance(300_000)
    const health = (await site.clock.until(watching.scheduler.health())).jobs.find(({ job }) => job === 'orphan')
    expect(health).toMatchObject({ status: 'unhealthy', capableOwners: 0 })
    expect(health?.why.join()).toContain('noCapableWorker')
    expect(slots).toEqual([])
    const back = site.process({ jobs: [orphan] })
    await back.start()
    await site.clock.advance(10_000)
    expect(slots).toEqual(['2026-01-01T00:05:00.000Z', '2026-01-01T00:05:10.000Z'])
    expect(await site.clock.until(back.scheduler.audit())).toMatchObject({ ok: true, proven: 31 })
  })

  it('a payload that the executing code does not understand fails that run alone, and can be replayed', async () => {
    await using site = createSite()
    const done: unknown[] = []
    const narrow = defineJob({ name: 'work', payload: z.object({ n: z.number() }), run: ({ payload }) => void done.push(payload) })
    const wide = defineJob({
      name: 'work',
      payload: z.object({ n: z.union([z.number(), z.string()]) }),
      run: ({ payload }) => void done.push(payload),
    })
    const old = site.process({ jobs: [narrow] })
    await old.start()
    const client = site.process({ jobs: [wide] })
    const { id } = await site.clock.until(client.scheduler.trigger(wide, { n: 'seven' }))
    await site.clock.until(client.scheduler.trigger(wide, { n: 8 }))
    await site.clock.advance(1_000)
    expect(done).toEqual([{ n: 8 }])
    expect(await site.clock.until(client.scheduler.runs.get(id))).toMatchObject({ state: 'dead', error: { code: 'PayloadInvalid' } })
    await site.clock.until(old.scheduler.stop())
    await site.process({ jobs: [wide] }).start()
    await site.clock.until(client.scheduler.runs.replay(id))
    await site.clock.advance(1_000)
    expect(done).toEqual([{ n: 8 }, { n: 'seven' }])
  })
})

describe('a row of the store cannot be understood', () => {
  it('is taken out alone: every other schedule goes on', async () => {
    await using site = createSite()
    const keys: string[] = []
    const job = defineJob({ name: 'project', run: ({ key }) => void keys.push(key) })
    const process = site.process({ jobs: [job] })
    await process.start()
    for (const key of ['good', 'bad']) await site.clock.until(process.scheduler.schedules.set(job, { key, schedule: every('10s') }))
    const [bad] = (await site.store.schedules.get({ schedules: [{ job: 'project', name: 'bad' }] })).schedules
    const spec = '{"kind":"lunar","phase":3}'
    await site.store.schedules.set({
      schedules: [{ ...bad!, spec, asOf: await site.store.now(), nextSlot: bad!.nextSlot, nextDueAt: bad!.nextDueAt }],
    })
    const asked = process.line.requests('schedules.due').length
    await site.clock.advance(65_000)
    expect(keys).toEqual(Array.from({ length: 6 }, () => 'good'))
    expect(process.events.of('run.started').every(({ latenessMs }) => latenessMs < 100)).toBe(true)
    // While it stands due, nobody asks for it in a tight circle.
    expect(process.line.requests('schedules.due').length - asked).toBeLessThan(200)
    expect(process.events.of('schedule.quarantined')).toMatchObject([{ schedule: 'bad', reason: expect.stringContaining('lunar') }])
    expect(await site.clock.until(process.scheduler.schedules.get(job, 'bad'))).toMatchObject({ state: 'quarantined' })
    const audit = await site.clock.until(process.scheduler.audit())
    expect(audit.violations).toMatchObject([{ kind: 'quarantined', schedule: 'bad' }])
    // Set again, it works again.
    expect(await site.clock.until(process.scheduler.schedules.set(job, { key: 'bad', schedule: every('10s') }))).toBe('changed')
    await site.clock.advance(10_000)
    expect(keys).toContain('bad')
  })

  it('is left alone where it was mended while it was about to be taken out', async () => {
    await using site = createSite()
    const ran: string[] = []
    const job = defineJob({ name: 'mail', run: ({ key }) => void ran.push(key) })
    const [slow, cut] = [site.process({ jobs: [job] }), site.process({ jobs: [job] })]
    await slow.start()
    await cut.start()
    const overdue = { asOf: site.clock.now() - 120_000, nextSlot: site.clock.now() - 60_000, nextDueAt: site.clock.now() - 60_000 }
    const unreadable = { job: 'mail', name: 'k', key: 'k', incarnation: 'i', spec: '{"kind":"lunar"}', payload: null }
    await site.store.schedules.set({ schedules: [{ ...unreadable, ...overdue }] })
    slow.line.judge((verb) => (verb === 'schedules.quarantine' ? { lands: true, answer: 'reply', outMs: 3_000 } : null))
    cut.line.judge((verb) => (verb === 'schedules.quarantine' ? REFUSED : null))
    await site.clock.advance(1_000)
    await site.clock.until(slow.scheduler.schedules.set(job, { key: 'k', schedule: every('1s') }))
    await site.clock.advance(10_000)
    expect(slow.line.requests('schedules.quarantine')).toHaveLength(1)
    expect(await site.clock.until(slow.scheduler.schedules.get(job, 'k'))).toMatchObject({ state: 'active' })
    expect(ran.length).toBeGreaterThanOrEqual(9)
  })

  it('fires again when the code that understands it is back, with the very same schedule', async () => {
    await using site = createSite()
    const ran: string[] = []
    const fixed = defineJob({ name: 'beat', schedule: every('1s'), run: () => void ran.push('beat') })
    const dynamic = defineJob({ name: 'mail', run: () => void ran.push('mail') })
    const set = (process: SiteProcess): Promise<string> =>
      site.clock.until(process.scheduler.schedules.set(dynamic, { key: 'k', schedule: every('1s') }))
    const before = site.process({ jobs: [fixed, dynamic] })
    await before.start()
    await set(before)
    await site.clock.until(before.scheduler.stop())
    // What an older version does that cannot read them.
    const refs = [
      { job: 'beat', name: '#0' },
      { job: 'mail', name: 'k' },
    ]
    const { schedules } = await site.store.schedules.get({ schedules: refs })
    const unreadable = schedules.map((record) => ({ ...record!, expectedSlot: record!.nextSlot, reason: 'lunar' }))
    await site.store.schedules.quarantine({ schedules: unreadable })
    const after = site.process({ jobs: [fixed, dynamic] })
    await after.start()
    expect(await set(after)).toBe('changed')
    await site.clock.advance(5_500)
    expect(ran.filter((name) => name === 'beat').length).toBeGreaterThanOrEqual(5)
    expect(ran.filter((name) => name === 'mail').length).toBeGreaterThanOrEqual(5)
    expect((await site.clock.until(after.scheduler.audit())).violations).toEqual([])
  })
})
