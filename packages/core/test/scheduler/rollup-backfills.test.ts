/** Backfills beside everything else: processes that stop within them, slots and sweeps at the same time. */
import { describe, expect, it } from 'vitest'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { RefreshContext } from '../../src/rollup/rollup.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

const at = (text: string): number => Date.parse(`2026-03-01T${text}Z`)

/** Takes a while, and ends early when it is told to. */
function busy(clock: FakeClock, ms: number, { signal }: Pick<RefreshContext, 'signal'>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => resolve(), ms)
    signal.addEventListener('abort', () => {
      clock.clearTimer(timer)
      reject(signal.reason)
    })
  })
}

describe('a process that is asked to stop within a backfill', () => {
  it('gives its run back; another one goes on with what is left, and burns no attempt', async () => {
    const clock = fakeClock('2026-03-01T12:30:00Z')
    const done: string[] = []
    const by = (name: string): ReturnType<typeof defineRollup> =>
      defineRollup({
        name: 'hourly',
        grain: 'hour',
        start: '2026-03-01T00:00:00Z',
        batch: { start: 1, most: 1 },
        refresh: async ({ windows }, ctx) => {
          await busy(clock, 10_000, ctx)
          for (const { start } of windows) done.push(`${name} ${start.toISOString().slice(11, 16)}`)
        },
      })
    await using first = manualScheduler({ jobs: [by('a')], clock, seed: 1 })
    await using second = manualScheduler({ jobs: [by('b')], clock, seed: 2, store: first.scheduler.store })
    await first.start()
    await first.advance('5m')
    done.length = 0
    const backfill = await first.scheduler.backfill('hourly', { from: at('06:00:00') })
    await first.advance('25s')
    expect(done).toEqual(['a 11:00', 'a 10:00'])

    await second.start()
    await clock.until(first.scheduler.stop({ grace: '1s' }), 60_000)
    await second.advance('2m')
    expect(await backfill.progress()).toMatchObject({ state: 'finished', done: 6, failed: 0 })
    expect(done.slice(2)).toEqual(['b 09:00', 'b 08:00', 'b 07:00', 'b 06:00'])
    const runs = await second.scheduler.runs.find({ job: 'hourly#backfill' })
    // Who starts asks for its lanes again: such a run waits for its turn, and finds nothing.
    for (const run of runs) expect(run).toMatchObject({ state: 'succeeded', attempt: 1, failures: 0 })
  })
})

describe('a slot, a sweep and a backfill at one time', () => {
  it('hold no window twice at a time, and what is due does not wait for the backfill', async () => {
    const clock = fakeClock('2026-03-01T11:50:00Z')
    const held = new Set<number>()
    const ended: { job: string; start: number; at: number }[] = []
    const hourly = defineRollup({
      name: 'hourly',
      grain: 'hour',
      start: '2026-03-01T00:00:00Z',
      batch: { start: 2, most: 2 },
      lookback: 3,
      refresh: async ({ windows }, ctx) => {
        for (const { start } of windows) {
          expect(held.has(start.getTime())).toBe(false)
          held.add(start.getTime())
        }
        await busy(clock, 60_000, ctx)
        for (const { start } of windows) {
          held.delete(start.getTime())
          ended.push({ job: ctx.job, start: start.getTime(), at: clock.now() })
        }
      },
    })
    await using manual = manualScheduler({ jobs: [hourly], clock })
    await manual.start()
    await manual.advanceTo('2026-03-01T12:04:30Z')
    ended.length = 0
    const backfill = await manual.scheduler.backfill(hourly, { from: at('00:00:00'), concurrency: 2 })
    const sweep = await manual.scheduler.trigger(hourly)
    await manual.advanceTo('2026-03-01T12:20:00Z')
    expect(await sweep.finished()).toMatchObject({ failed: 0 })
    expect(await backfill.progress()).toMatchObject({ state: 'finished', done: 11, failed: 0 })
    const due = ended.find(({ start }) => start === at('11:00:00'))
    expect(due?.job).toBe('hourly')
    // It fell due at 12:05, when the backfill was at work and had minutes to go.
    expect(due?.at).toBeLessThanOrEqual(at('12:08:00'))
    expect((await manual.scheduler.audit()).violations).toEqual([])
  })
})
