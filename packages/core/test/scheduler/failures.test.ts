import { describe, expect, it } from 'vitest'
import { defineJob, every, NonRetryableError, RetryAfterError, RunFailedError } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

const retry = { retries: 2, minTimeout: '10s', randomize: false } as const

describe('failing runs', () => {
  it('retries with persisted backoff, then dies and can be replayed', async () => {
    const attempts: number[] = []
    let broken = true
    const job = defineJob({
      name: 'flaky',
      retry,
      run: ({ attempt }) => {
        attempts.push(attempt)
        if (broken) throw new TypeError('upstream is odd')
        return 'fine'
      },
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const handle = await manual.scheduler.trigger(job)
    await manual.advance('9s')
    expect(attempts).toEqual([1])
    await manual.advance('2s')
    expect(attempts).toEqual([1, 2])
    await manual.advance('20s')
    expect(attempts).toEqual([1, 2, 3])
    await expect(manual.finish(handle)).rejects.toThrow(RunFailedError)
    const dead = await manual.scheduler.runs.find({ state: 'dead' })
    expect(dead).toMatchObject([{ id: handle.id, failures: 3, error: { name: 'TypeError', message: 'upstream is odd' } }])
    expect(dead[0]?.attempts.map((attempt) => attempt.outcome)).toEqual(['failed', 'failed', 'failed'])
    broken = false
    const replay = await manual.scheduler.runs.replay(handle.id)
    expect(await manual.finish(replay)).toBe('fine')
    expect((await manual.scheduler.runs.get(replay.id))?.replayOf).toBe(handle.id)
  })

  it('dies at once on an error that says so', async () => {
    const job = defineJob({
      name: 'hopeless',
      retry,
      run: () => {
        throw new NonRetryableError('the key is wrong')
      },
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const handle = await manual.scheduler.trigger(job)
    await expect(manual.finish(handle)).rejects.toThrow(/the key is wrong/)
    expect((await manual.scheduler.runs.get(handle.id))?.attempts).toHaveLength(1)
  })

  it('waits as long as the error asks', async () => {
    const attempts: number[] = []
    const job = defineJob({
      name: 'limited',
      retry,
      run: ({ attempt }) => {
        attempts.push(attempt)
        if (attempt === 1) throw new RetryAfterError('slow down', 60_000)
      },
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    await manual.scheduler.trigger(job)
    await manual.advance('59s')
    expect(attempts).toEqual([1])
    await manual.advance('2s')
    expect(attempts).toEqual([1, 2])
  })

  it('aborts at the timeout and counts it as a failure', async () => {
    const job = defineJob({
      name: 'slow',
      timeout: '5s',
      run: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const handle = await manual.scheduler.trigger(job)
    await manual.advance('6s')
    const run = await manual.scheduler.runs.get(handle.id)
    expect(run).toMatchObject({ state: 'dead', error: { code: 'AttemptTimedOut' } })
    expect(run?.attempts.map((attempt) => attempt.outcome)).toEqual(['timedOut'])
  })

  it('keeps the key of a handler that ignores abort until it returns', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let started = 0
    const job = defineJob({ name: 'deaf', schedule: every('1m'), timeout: '5s', run: () => (started++ === 0 ? gate : undefined) })
    await using manual = manualScheduler({ jobs: [job], abortGrace: '2s' })
    await manual.start()
    await manual.advance('70s')
    expect(manual.events.of('run.stuck')).toHaveLength(1)
    expect((await manual.scheduler.health()).stuck).toHaveLength(1)
    await manual.advance('60s')
    expect(started).toBe(1)
    open()
    await manual.advance('1s')
    await manual.advance('60s')
    expect(started).toBe(2)
    expect((await manual.scheduler.audit()).violations).toEqual([])
  })

  it('skips from within, and records why', async () => {
    const job = defineJob({ name: 'nothing', run: ({ skip }) => skip('nothing to do') })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const handle = await manual.scheduler.trigger(job)
    await expect(manual.finish(handle)).rejects.toMatchObject({ code: 'RunSkipped' })
    expect(await manual.scheduler.runs.get(handle.id)).toMatchObject({ state: 'skipped', reason: 'handler: nothing to do' })
  })

  it('cancels a running run through its signal, and a pending one at once', async () => {
    const job = defineJob({
      name: 'long',
      run: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const running = await manual.scheduler.trigger(job)
    const pending = await manual.scheduler.trigger(job, undefined, { delay: '1h' })
    await manual.advance('1s')
    expect(await manual.scheduler.runs.cancel(running.id, 'not needed')).toBe(true)
    expect(await manual.scheduler.runs.cancel(pending.id)).toBe(true)
    await manual.advance('1s')
    expect(await manual.scheduler.runs.get(running.id)).toMatchObject({ state: 'cancelled' })
    expect(await manual.scheduler.runs.get(pending.id)).toMatchObject({ state: 'cancelled' })
    expect(await manual.scheduler.runs.cancel(running.id)).toBe(false)
    await expect(manual.scheduler.runs.cancel('none')).rejects.toMatchObject({ code: 'UnknownRun' })
  })

  it('suspends a job after failures in a row, and goes on when resumed', async () => {
    const job = defineJob({
      name: 'doomed',
      schedule: every('10s'),
      suspendAfter: 2,
      run: () => {
        throw new Error('no')
      },
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    await manual.advance('65s')
    expect(manual.events.of('run.dead')).toHaveLength(2)
    const health = await manual.scheduler.health()
    expect(health.jobs[0]).toMatchObject({ status: 'suspended' })
    expect(await manual.scheduler.resume(job)).toBe(true)
    await manual.advance('10s')
    expect(manual.events.of('slots.skipped')).toMatchObject([{ reason: 'suspended', count: 4 }])
    expect((await manual.scheduler.audit()).violations).toEqual([])
  })
})
