/** Many who wait for runs cost little more than one. */
import { describe, expect, it } from 'vitest'
import { defineJob } from '../../src/index.ts'
import { createSite } from '../faults/site.ts'
import { REFUSED } from '../faults/line.ts'

describe('waiting for many runs', () => {
  it('asks for all of them with one call, and watches once', async () => {
    await using site = createSite()
    let watches = 0
    const { watch } = site.store
    site.store.watch = (listener) => {
      watches++
      const close = watch(listener)
      return () => {
        watches--
        close()
      }
    }
    const job = defineJob({ name: 'j', keep: { succeeded: 1_000 }, run: ({ runId }) => runId })
    const client = site.process({ jobs: [job] })
    const handles = await client.scheduler.triggerMany(
      job,
      Array.from({ length: 300 }, () => ({ delay: '10s' })),
    )
    const waiting = Promise.all(handles.map((handle) => handle.finished()))
    await site.clock.settle()
    expect(watches).toBe(1)
    const asked = client.line.requests('runs.get') as { ids: string[] }[]
    expect(asked.map(({ ids }) => ids.length)).toEqual([300])
    const worker = site.process({ jobs: [job] })
    await worker.start()
    expect(await site.clock.until(waiting)).toEqual(handles.map(({ id }) => id))
    expect(watches).toBe(1) // the worker's own
  })

  it('tells each of a run that is unknown, and all of a store that does not answer', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', run: () => undefined })
    const client = site.process({ jobs: [job] })
    const { id } = await client.scheduler.trigger(job)
    expect(
      await Promise.all([client.scheduler.runs.get(id), client.scheduler.runs.get('nope'), client.scheduler.runs.get(id)]),
    ).toMatchObject([{ id }, null, { id }])
    client.line.judge((verb) => (verb === 'runs.get' ? REFUSED : null))
    const both = Promise.allSettled([client.scheduler.runs.get(id), client.scheduler.runs.get('nope')])
    expect((await site.clock.until(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})
