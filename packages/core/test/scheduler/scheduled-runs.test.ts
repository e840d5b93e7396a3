import { describe, expect, it } from 'vitest'
import { at, cron, defineJob, every } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

const START = '2026-01-01T00:00:00Z'

function recorder(): { slots: string[]; run: (ctx: { slot: Date | null }) => void } {
  const slots: string[] = []
  return { slots, run: ({ slot }) => void slots.push(slot?.toISOString() ?? 'none') }
}

describe('scheduled runs', () => {
  it('fires every slot of an interval once, on time', async () => {
    const { slots, run } = recorder()
    const job = defineJob({ name: 'tick', schedule: every('10s'), run })
    await using manual = manualScheduler({ jobs: [job], startAt: START })
    await manual.start()
    await manual.advance('1m')
    expect(slots).toEqual([10, 20, 30, 40, 50, 60].map((s) => new Date(Date.parse(START) + s * 1_000).toISOString()))
    expect(manual.events.of('run.started').map((event) => event.latenessMs)).toEqual([0, 0, 0, 0, 0, 0])
    const audit = await manual.scheduler.audit()
    expect(audit.violations).toEqual([])
    expect(audit.ok).toBe(true)
    expect(audit.proven + audit.attested).toBe(6)
  })

  it('fires cron slots of its zone, and what preview said', async () => {
    const { slots, run } = recorder()
    const job = defineJob({ name: 'report', schedule: cron('30 2 * * *', { timeZone: 'Europe/Berlin' }), run })
    await using manual = manualScheduler({ jobs: [job], startAt: '2026-03-27T12:00:00Z' })
    await manual.start()
    const preview = await manual.scheduler.preview(job, { count: 3 })
    await manual.advance('3d')
    // The 29th has no 02:30: it fires at the first valid instant after the gap.
    expect(slots).toEqual(['2026-03-28T01:30:00.000Z', '2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'])
    expect(preview.map(({ slot }) => slot.toISOString())).toEqual(slots)
  })

  it('fires a one-time schedule once and is exhausted then', async () => {
    const { slots, run } = recorder()
    const job = defineJob({ name: 'once', schedule: at('2026-01-01T00:00:30Z'), run })
    await using manual = manualScheduler({ jobs: [job], startAt: START })
    await manual.start()
    await manual.advance('1h')
    expect(slots).toEqual(['2026-01-01T00:00:30.000Z'])
    expect(manual.events.of('schedule.exhausted')).toHaveLength(1)
    expect(await manual.scheduler.preview(job)).toEqual([])
  })

  it('runs several schedules of one job, each with its payload', async () => {
    const seen: string[] = []
    const job = defineJob({
      name: 'several',
      schedule: [every('20s', { key: 'a' }), every('30s', { key: 'b' })],
      run: ({ key }) => void seen.push(key),
    })
    await using manual = manualScheduler({ jobs: [job], startAt: START })
    await manual.start()
    await manual.advance('1m')
    expect(seen.toSorted()).toEqual(['a', 'a', 'a', 'b', 'b'])
  })

  it('does not run slots of one key beside each other by default, wherever the schedule was said; its triggers may', async () => {
    const live: string[] = []
    const begun: string[] = []
    const job = defineJob({
      name: 'sync',
      run: async ({ key, trigger, signal }) => {
        begun.push(`${key} ${trigger} beside ${live.filter((other) => other.startsWith(key)).join() || 'none'}`)
        live.push(`${key} ${trigger}`)
        await new Promise<void>((resolve) => {
          manual.clock.setTimer(() => resolve(), 25_000)
          signal.addEventListener('abort', () => resolve())
        })
        live.splice(live.indexOf(`${key} ${trigger}`), 1)
      },
    })
    await using manual = manualScheduler({ jobs: [job], startAt: START })
    await manual.start()
    for (const key of ['a', 'b']) await manual.scheduler.schedules.set(job, { key, schedule: every('10s') })
    await manual.advance('15s')
    await manual.scheduler.trigger(job, undefined, { key: 'a' })
    await manual.advance('30s')
    expect(begun.toSorted()).toEqual([
      'a manual beside a schedule',
      'a schedule beside none',
      'a schedule beside none',
      'b schedule beside none',
      'b schedule beside none',
    ])
    expect((await manual.scheduler.runs.find({ state: 'skipped' })).map(({ reason }) => reason)).toEqual(
      Array.from({ length: 4 }, () => 'overlap'),
    )
  })

  it('starts once per deploy when asked to run on start', async () => {
    let starts = 0
    const job = defineJob({ name: 'boot', runOnStart: true, run: () => void starts++ })
    await using first = manualScheduler({ jobs: [job], startAt: START })
    await using second = manualScheduler({ jobs: [job], store: first.scheduler.store, clock: first.clock, seed: 2 })
    await first.start()
    await second.start()
    await first.advance('10s')
    expect(starts).toBe(1)
  })
})
