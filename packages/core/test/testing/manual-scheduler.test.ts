import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { refusalOf } from '../scheduler/refusal-of.ts'

const job = defineJob({ name: 'j', schedule: every('1h'), run: () => 'done' })

describe('manualScheduler', () => {
  it.each<[what: string, run: () => unknown, message: string]>([
    [
      'nothing',
      () => manualScheduler(undefined as never),
      'InvalidOption: manualScheduler: undefined is not an object. Write manualScheduler({ jobs',
    ],
    ['an unknown option', () => manualScheduler({ jobs: [job], sed: 1 } as never), '"sed" is not an option. Did you mean "seed"?'],
    ['an option of its own', () => manualScheduler({ jobs: [job], start: 0 } as never), 'Known are jobs, startAt, seed, store, clock,'],
    [
      'an instant',
      () => manualScheduler({ jobs: [job], startAt: '2026-13-01' }),
      'InvalidInstant: startAt: "2026-13-01" is not an instant.',
    ],
  ])('refuses %s', async (_, run, message) => {
    expect(await refusalOf(run)).toContain(message)
  })

  it('finish wants a run: not its promise, and not its name', async () => {
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    expect(await refusalOf(() => manual.finish('x' as never))).toBe(
      'InvalidOption: finish: "x" is not a run. Give what trigger() answered with.',
    )
    const triggered = manual.scheduler.trigger(job)
    expect(await refusalOf(() => manual.finish(triggered as never))).toContain('is not a run. Await the trigger first.')
    expect(await manual.finish(await triggered)).toBe('done')
  })

  it('finish says what to do with a handler that does real work', async () => {
    let answer = (): void => undefined
    const real = defineJob({
      name: 'real',
      run: () =>
        new Promise<string>((resolve) => {
          answer = () => resolve('answered')
        }),
    })
    await using manual = manualScheduler({ jobs: [real] })
    await manual.start()
    const handle = await manual.scheduler.trigger(real)
    const refusal = await refusalOf(() => manual.finish(handle, '2m'))
    expect(refusal).toContain(`WaitTimedOut: finish: run ${handle.id} did not end within 2m of this clock's time.`)
    expect(refusal).toContain('await handle.finished() instead')
    answer()
    expect(await handle.finished()).toBe('answered')
  })

  it('events.of knows the names of events', async () => {
    await using manual = manualScheduler({ jobs: [job] })
    expect(manual.events.of('run.dead')).toEqual([])
    expect(await refusalOf(() => manual.events.of('run.failed' as never))).toContain(
      'InvalidOption: events.of: there is no event "run.failed".',
    )
  })
})
