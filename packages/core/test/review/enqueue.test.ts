/** Triggers under duress: bounded in number and in time, and told the truth. */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineJob } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSite } from '../faults/site.ts'
import { LOST_REPLY, SILENT } from '../faults/line.ts'

describe('triggers while the store does not answer', () => {
  it('are refused in bounded time, however many there are', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', run: () => undefined })
    const process = site.process({ jobs: [job] })
    await process.start()
    process.line.judge((verb) => (verb === 'runs.enqueue' ? SILENT : null))
    let waiting = 0
    let most = 0
    let longest = 0
    let accepted = 0
    const begin = (): void => {
      const at = site.clock.monotonic()
      most = Math.max(most, ++waiting)
      process.scheduler.trigger(job).then(
        () => accepted++,
        () => {
          waiting--
          longest = Math.max(longest, site.clock.monotonic() - at)
        },
      )
    }
    for (let ms = 0; ms < 240_000; ms += 100) {
      for (let i = 0; i < 5; i++) begin()
      await site.clock.advance(100)
    }
    // 50 a second, five tries of five seconds at most.
    expect(longest).toBeLessThanOrEqual(70_000)
    expect(most).toBeLessThanOrEqual(50 * 70)
    expect(accepted).toBe(0)
    process.line.judge(null)
    await site.clock.advance(70_000)
    const { id } = await process.scheduler.trigger(job)
    expect(await process.scheduler.runs.get(id)).not.toBeNull()
  })
})

describe('what a trigger is told', () => {
  it('created for the first of a debounced batch, coalesced for those that joined it', async () => {
    const job = defineJob({ name: 'j', debounce: { wait: '5s' }, run: () => undefined })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const handles = await Promise.all([1, 2, 3].map(() => manual.scheduler.trigger(job)))
    expect(handles.map(({ outcome }) => outcome)).toEqual(['created', 'coalesced', 'coalesced'])
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1)
    expect((await manual.scheduler.trigger(job)).outcome).toBe('coalesced')
  })

  it('of a lost reply: the run is made once, and once only executed', async () => {
    await using site = createSite()
    let runs = 0
    const job = defineJob({ name: 'j', run: () => void runs++ })
    const process = site.process({ jobs: [job], lease: '6s' })
    await process.start()
    let lost = 0
    process.line.judge((verb) => (verb === 'runs.enqueue' && lost++ < 2 ? LOST_REPLY : null))
    const { outcome } = await site.clock.until(process.scheduler.trigger(job))
    expect(outcome).toBe('created')
    await site.clock.advance(30_000)
    expect(runs).toBe(1)
  })
})

describe('a merge function', () => {
  it('is called once per trigger of a storm, whatever it builds up', async () => {
    let calls = 0
    const seen: number[] = []
    const job = defineJob({
      name: 'j',
      payload: z.object({ ids: z.array(z.number()) }),
      debounce: {
        wait: '1s',
        merge: (a, b) => {
          calls++
          return { ids: [...new Set([...a.ids, ...b.ids])].slice(-100) }
        },
      },
      run: ({ payload }) => void seen.push(payload.ids.length),
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    await Promise.all(Array.from({ length: 2_000 }, (_, n) => manual.scheduler.trigger(job, { ids: [n] })))
    await manual.advance('5s')
    expect(seen).toEqual([100])
    expect(calls).toBe(1_999)
  })

  it('that throws fails those whose payloads it was given, and nobody else', async () => {
    const seen: unknown[] = []
    const job = defineJob({
      name: 'j',
      payload: z.number(),
      debounce: {
        wait: '1s',
        merge: () => {
          throw new Error('cannot merge')
        },
      },
      run: ({ payload, key }) => void seen.push([key, payload]),
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const outcomes = await Promise.allSettled([
      manual.scheduler.trigger(job, 1, { key: 'a' }),
      manual.scheduler.trigger(job, 2, { key: 'a' }),
      manual.scheduler.trigger(job, 3, { key: 'b' }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    await manual.advance('5s')
    expect(seen).toEqual([['b', 3]])
  })

  it('is not fed more than a payload may hold before it is stored', async () => {
    const seen: number[] = []
    let kept: number[] = []
    const job = defineJob({
      name: 'j',
      payload: z.object({ text: z.string() }),
      debounce: { wait: '1s', merge: (a, b) => ({ text: a.text + b.text }) },
      run: ({ payload }) => void seen.push(payload.text.length),
    })
    await using manual = manualScheduler({ jobs: [job], limits: { payload: 2_000 } })
    await manual.start()
    const { enqueue } = manual.scheduler.store.runs
    manual.scheduler.store.runs.enqueue = (request) => {
      kept = request.requests.map(({ payload }) => payload?.length ?? 0)
      return enqueue(request)
    }
    await Promise.all([1, 2, 3, 4, 5].map(() => manual.scheduler.trigger(job, { text: 'x'.repeat(900) })))
    expect(kept).toEqual([1_811, 1_811, 911])
    await manual.advance('5s')
    expect(seen).toEqual([4_500])
  })
})
