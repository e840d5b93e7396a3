import { describe, expect, it } from 'vitest'
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'
import { RunFailedError } from '../../src/errors/run-errors.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { fakeHandle, fakeHealth, fakeJob, fakeJobHealth, fakeRun, fakeScheduler } from './fake-scheduler.ts'
import { invoke, invokeJson } from './invoke.ts'

const verbsOf = (calls: unknown[][]): unknown[] => calls.map(([verb]) => verb)

describe('run', () => {
  it('starts the job alone, triggers without debounce, waits, stops', async () => {
    const { scheduler, calls } = fakeScheduler()
    const { code, out } = await invoke(scheduler, ['run', 'report', '--key', 'eu'])
    expect(out).toBe('run r-1 of report: succeeded in 1.2 s\nresult  "done"\n')
    expect(code).toBe(0)
    expect(verbsOf(calls)).toEqual(['health', 'start', 'health', 'trigger', 'runs.get', 'stop'])
    expect(calls.at(-1)).toEqual(['stop', {}])
    expect(calls[1]).toEqual(['start', { only: [scheduler.jobs[0]], runOnStart: false }])
    expect(calls[3]).toEqual(['trigger', scheduler.jobs[0], undefined, { key: 'eu', debounce: false }])
  })

  it('neither starts nor stops a scheduler that already works', async () => {
    const { scheduler, calls } = fakeScheduler({ live: true })
    expect((await invoke(scheduler, ['run', 'report'])).code).toBe(0)
    expect(verbsOf(calls)).not.toContain('start')
    expect(verbsOf(calls)).not.toContain('stop')
  })

  it('a payload that the job refuses is refused before anything starts', async () => {
    const { scheduler, calls } = fakeScheduler()
    const { code, err } = await invoke(scheduler, ['run', 'clean', '--payload', '{"days":7}'])
    expect(code).toBe(2)
    expect(err).toContain('error [PayloadInvalid]: job "clean": it takes no payload')
    expect(verbsOf(calls)).not.toContain('start')
  })

  it('a dead run: exit code 1, its error, and the scheduler stopped', async () => {
    const { scheduler, calls } = fakeScheduler({
      verbs: {
        trigger: () => fakeHandle('r-1', () => Promise.reject(new RunFailedError('report', 'r-1', 'no retries left'))),
        'runs.get': () =>
          fakeRun({ state: 'dead', attempt: 3, error: { name: 'Error', message: 'API said 500', stack: 'Error: API said 500\n    at x' } }),
      },
    })
    const { code, out } = await invoke(scheduler, ['run', 'report'])
    expect(code).toBe(1)
    expect(out).toContain('run r-1 of report: dead in 1.2 s, attempt 3')
    expect(out).toContain('error   Error: API said 500')
    expect(out).not.toContain('    at ')
    expect(verbsOf(calls).at(-1)).toBe('stop')
  })

  it.each([
    ['RunCancelled', 'cancelled', 1],
    ['RunSkipped', 'skipped', 0],
  ] as const)('%s ends as %s with exit code %i', async (errorCode, state, exit) => {
    const { scheduler } = fakeScheduler({
      verbs: {
        trigger: () => fakeHandle('r-1', () => Promise.reject(new QuarterjackError(errorCode, 'because'))),
        'runs.get': () => fakeRun({ state }),
      },
    })
    const { code, json } = await invokeJson(scheduler, ['run', 'report'])
    expect(code).toBe(exit)
    expect(json).toMatchObject({ id: 'r-1', job: 'report', state, reason: 'because', result: null, run: { id: 'r-1', state } })
  })

  it('a suspended job is refused: its run would never start', async () => {
    const suspended = fakeJobHealth({ suspended: { at: '2026-01-01T00:00:00.000Z', reason: 'provider down' } })
    const { scheduler, calls } = fakeScheduler({ health: { jobs: [suspended] } })
    const { code, err } = await invoke(scheduler, ['run', 'report'])
    expect(code).toBe(1)
    expect(err).toContain('error [RunSkipped]: Job "report" is suspended')
    expect(err).toContain('app resume report')
    expect(verbsOf(calls)).not.toContain('trigger')
    expect(calls.at(-1)).toEqual(['stop', { grace: 0 }])
  })

  it('an abort ends the wait, and the run is given back at once', async () => {
    const interrupt = new AbortController()
    const { scheduler, calls } = fakeScheduler({ verbs: { trigger: () => fakeHandle('r-1', untilAborted) } })
    const pending = invoke(scheduler, ['run', 'report'], { signal: interrupt.signal })
    await new Promise((resolve) => setImmediate(resolve))
    interrupt.abort()
    const { code, err } = await pending
    expect(code).toBe(1)
    expect(err).toContain('error [SchedulerStopped]: The wait for run r-1 was interrupted')
    expect(calls.at(-1)).toEqual(['stop', { grace: 0 }])
  })

  it('the wait ends when the scheduler of this process stops', async () => {
    const { scheduler } = fakeScheduler({ live: true, verbs: { trigger: () => fakeHandle('r-1', untilAborted) } })
    const pending = invoke(scheduler, ['run', 'report'])
    await new Promise((resolve) => setImmediate(resolve))
    await scheduler.stop()
    expect((await pending).err).toContain('error [SchedulerStopped]')
  })
})

describe('progress of a wait', () => {
  it('is one line on a terminal, renewed each second, gone at the end', async () => {
    const clock = fakeClock()
    let finish = (_result: string): void => {}
    const end = new Promise<string>((resolve) => {
      finish = resolve
    })
    const states = [
      fakeRun({ state: 'running', progress: { done: 1 } }),
      fakeRun({ state: 'pending', attempt: 2, failures: 1, runAt: new Date('2026-01-01T00:00:09Z') }),
    ]
    let asked = 0
    const { scheduler } = fakeScheduler({
      live: true,
      verbs: { trigger: () => fakeHandle('r-1', (() => end) as never), 'runs.get': () => states[asked++] ?? fakeRun() },
    })
    const pending = invoke(scheduler, ['run', 'report'], { isTTY: true, clock })
    await clock.advance(1_500)
    finish('ok')
    const { err, out } = await pending
    expect(err.split('\r\u001b[2K')).toEqual([
      '',
      'run r-1  running, {"done":1}  0 ms',
      'run r-1  pending, attempt 2, next try 2026-01-01T00:00:09Z  1 s',
      '',
    ])
    expect(out).toContain('succeeded')
    expect(clock.timers).toBe(0)
  })

  it('is not shown, and costs nothing, without a terminal', async () => {
    const { scheduler, calls } = fakeScheduler({ live: true })
    expect((await invoke(scheduler, ['run', 'report'])).err).toBe('')
    expect(verbsOf(calls).filter((verb) => verb === 'runs.get')).toHaveLength(1)
  })
})

describe('trigger', () => {
  it('passes every option on and prints the run', async () => {
    const { scheduler, calls } = fakeScheduler({ jobs: [fakeJob('report')] })
    const argv = [
      'trigger',
      'report',
      '--payload',
      '{"days":7}',
      '--key',
      'eu',
      '--delay',
      '5m',
      '--priority',
      '-3',
      '--idempotency-key',
      'k-1',
    ]
    const { code, json } = await invokeJson(scheduler, argv)
    expect(code).toBe(0)
    expect(json).toEqual({ id: 'r-1', job: 'report', outcome: 'created' })
    expect(calls).toEqual([['trigger', scheduler.jobs[0], { days: 7 }, { key: 'eu', delay: 300_000, priority: -3, idempotencyKey: 'k-1' }]])
  })

  it('--wait waits for the end', async () => {
    const { json, code } = await invokeJson(fakeScheduler().scheduler, ['trigger', 'report', '--wait'])
    expect(json).toMatchObject({ id: 'r-1', outcome: 'created', state: 'succeeded', result: 'done', run: { id: 'r-1' } })
    expect(code).toBe(0)
  })

  it('--wait with --timeout fails with WaitTimedOut', async () => {
    let asked: unknown
    const { scheduler } = fakeScheduler({
      verbs: {
        trigger: () =>
          fakeHandle('r-1', ((options: unknown) => {
            asked = options
            return Promise.reject(new QuarterjackError('WaitTimedOut', 'not ended within 2s'))
          }) as never),
      },
    })
    const { code, err } = await invoke(scheduler, ['trigger', 'report', '--wait', '--timeout', '2s'])
    expect(code).toBe(1)
    expect(err).toContain('error [WaitTimedOut]: not ended within 2s')
    expect(asked).toMatchObject({ timeout: 2_000 })
  })

  it('--wait warns when no live process knows the job', async () => {
    const { scheduler } = fakeScheduler({ health: fakeHealth({ jobs: [fakeJobHealth({ capableOwners: 0 })] }) })
    expect((await invoke(scheduler, ['trigger', 'report', '--wait'])).err).toContain('warning: no live process knows job "report"')
  })

  it('does not wait for a run that is no longer kept', async () => {
    const { scheduler } = fakeScheduler({
      verbs: { trigger: () => fakeHandle('r-0', () => Promise.reject(new Error('waited')), 'pruned') },
    })
    const { json, code } = await invokeJson(scheduler, ['trigger', 'report', '--wait'])
    expect(json).toEqual({ id: 'r-0', job: 'report', outcome: 'pruned' })
    expect(code).toBe(0)
  })
})

function untilAborted(options?: { readonly signal?: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => {
    options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
  })
}
