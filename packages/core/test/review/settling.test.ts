/** What a run leaves behind is recorded, whatever comes in between, and holds up nothing else. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { createSite } from '../faults/site.ts'
import { REFUSED } from '../faults/line.ts'

describe('a settlement that the store cannot write', () => {
  it('holds up no other', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', keep: { succeeded: 100 }, run: ({ key }) => key })
    const process = site.process({ jobs: [job], lease: '6s' })
    await process.start()
    const poison = /poison/
    process.line.judge((verb, request) => (verb === 'runs.settle' && poison.test(JSON.stringify(request)) ? REFUSED : null))
    const first = await Promise.all(['a', 'poison', 'b'].map((key) => process.scheduler.trigger(job, undefined, { key })))
    await site.clock.advance(20_000)
    await process.scheduler.trigger(job, undefined, { key: 'c' })
    await site.clock.advance(5_000)
    expect(
      process.events
        .of('run.succeeded')
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(['a', 'b', 'c'])
    // It is not forgotten: its record says what became of it, and it is not executed again.
    await site.clock.advance(180_000)
    expect(await process.scheduler.runs.get(first[1]?.id ?? '')).toMatchObject({
      state: 'dead',
      reason: expect.stringContaining('recorded'),
    })
    expect(process.events.of('run.started').filter(({ key }) => key === 'poison')).toHaveLength(1)
  })
})

describe('the gates of a stuck handler', () => {
  it('are given back when it returns, though the store does not answer at first', async () => {
    await using site = createSite()
    const begun: number[] = []
    const job = defineJob({
      name: 'deaf',
      schedule: every('1m'),
      timeout: '5s',
      run: () => {
        begun.push(site.clock.now())
        return begun.length === 1 ? process.sleep(90_000) : undefined
      },
    })
    const process = site.process({ jobs: [job], abortGrace: '1s' })
    await process.start()
    let refused = 0
    process.line.judge((verb) => (verb === 'runs.releaseGates' && refused++ < 3 ? REFUSED : null))
    await site.clock.advance(5 * 60_000 + 1_000)
    expect(refused).toBeGreaterThan(3)
    expect(begun.length).toBeGreaterThanOrEqual(3)
    expect((await process.scheduler.audit()).violations).toEqual([])
  })

  it('let the run itself wait for its own handler: it is not skipped for its own sake', async () => {
    await using site = createSite()
    const attempts: number[] = []
    const job = defineJob({
      name: 'deaf',
      schedule: every('1h'),
      timeout: '5s',
      retry: { retries: 3, minTimeout: '1s', randomize: false },
      run: ({ attempt }) => {
        attempts.push(attempt)
        return attempt === 1 ? process.sleep(60_000) : undefined
      },
    })
    const process = site.process({ jobs: [job], abortGrace: '1s' })
    await process.start()
    await site.clock.advance(3_600_000 + 120_000)
    expect(attempts).toEqual([1, 2])
    expect(await process.scheduler.runs.find()).toMatchObject([{ state: 'succeeded', attempt: 2 }])
  })
})

describe('the next attempt of a slot', () => {
  it('waits for another run of its key; only a new slot is skipped for it', async () => {
    await using site = createSite()
    const log: string[] = []
    const job = defineJob({
      name: 'flaky',
      schedule: every('1h'),
      retry: { retries: 3, minTimeout: '10s', randomize: false },
      run: async ({ trigger, attempt }) => {
        log.push(`${trigger} ${attempt}`)
        if (trigger === 'schedule' && attempt === 1) throw new Error('at first')
        if (trigger === 'manual') await process.sleep(30_000)
      },
    })
    const process = site.process({ jobs: [job] })
    await process.start()
    await site.clock.advance(3_600_000 + 1_000)
    await process.scheduler.trigger(job)
    await site.clock.advance(60_000)
    expect(log).toEqual(['schedule 1', 'manual 1', 'schedule 2'])
    expect((await process.scheduler.audit()).violations).toEqual([])
  })
})

describe('a payload that takes long to check', () => {
  it('begins no handler once its run was cancelled meanwhile', async () => {
    await using site = createSite()
    let checks = 0
    let begun = 0
    const payload: StandardSchemaV1<undefined> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value) => {
          if (++checks > 1) await process.sleep(5_000)
          return { value: value as undefined }
        },
      },
    }
    const job = defineJob({ name: 'j', payload, run: () => void begun++ })
    const process = site.process({ jobs: [job] })
    await process.start()
    const handle = await process.scheduler.trigger(job)
    await site.clock.advance(1_000)
    await process.scheduler.runs.cancel(handle.id)
    await site.clock.advance(10_000)
    expect(begun).toBe(0)
    expect(await process.scheduler.runs.get(handle.id)).toMatchObject({ state: 'cancelled' })
  })
})

describe('an error that cannot be read', () => {
  it('fails its run as any other does', async () => {
    await using site = createSite()
    const job = defineJob({
      name: 'odd',
      retry: { retries: 1, minTimeout: '1s', randomize: false },
      run: () => {
        throw Object.defineProperty(new Error('odd'), 'retryAfterMs', {
          get() {
            throw new Error('a getter that throws')
          },
        })
      },
    })
    const process = site.process({ jobs: [job] })
    await process.start()
    const handle = await process.scheduler.trigger(job)
    await site.clock.advance(5_000)
    expect(await process.scheduler.runs.get(handle.id)).toMatchObject({ state: 'dead' })
  })

  it.each([1e300, Number.MAX_SAFE_INTEGER])('that asks for %d ms of patience gets what an instant can hold', async (retryAfterMs) => {
    await using site = createSite()
    const job = defineJob({
      name: 'patient',
      retry: { retries: 1 },
      run: () => {
        throw Object.assign(new Error('later'), { retryAfterMs })
      },
    })
    const process = site.process({ jobs: [job] })
    await process.start()
    const handle = await process.scheduler.trigger(job)
    await site.clock.advance(5_000)
    const run = await process.scheduler.runs.get(handle.id)
    expect(run?.state).toBe('pending')
    expect(run?.runAt.getTime()).toBeLessThanOrEqual(site.clock.now() + 366 * 86_400_000)
  })
})
