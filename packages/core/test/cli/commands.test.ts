import { describe, expect, it } from 'vitest'
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'
import { AT, every6h, fakeHandle, fakeJob, fakeJobHealth, fakeRun, fakeScheduler, fakeScheduleView } from './fake-scheduler.ts'
import { invoke, invokeJson } from './invoke.ts'

describe('list', () => {
  it('table', async () => {
    expect((await invoke(fakeScheduler().scheduler, ['list'])).lines).toEqual([
      'JOB     SCHEDULE  NEXT SLOT             STATE',
      'report  every 6h  2026-01-01T00:00:00Z  active',
      'clean   -         -                     unscheduled',
    ])
  })

  it('JSON, with suspension and exhaustion', async () => {
    const suspended = { at: AT, reason: 'why not' }
    const { scheduler } = fakeScheduler({
      jobs: [fakeJob('report', [every6h]), fakeJob('once', [{ kind: 'at', at: 0 }])],
      health: { jobs: [fakeJobHealth({ suspended })] },
    })
    expect((await invokeJson(scheduler, ['list'])).json).toEqual({
      jobs: [
        { name: 'report', schedules: [{ name: '#0', key: '', description: 'every 6h' }], nextSlot: AT, state: 'suspended', suspended },
        {
          name: 'once',
          schedules: [{ name: '#0', key: '', description: 'at 1970-01-01T00:00:00.000Z' }],
          nextSlot: null,
          state: 'exhausted',
          suspended: null,
        },
      ],
    })
  })
})

describe('preview', () => {
  it('table with jitter', async () => {
    const { scheduler, calls } = fakeScheduler()
    const { lines } = await invoke(scheduler, ['preview', 'report', '--count', '3', '--from', '2026-03-29T00:00:00Z'])
    expect(lines).toEqual(['SLOT                  JITTER  SCHEDULE', '2026-01-01T00:00:00Z  +2.5 s  #0'])
    expect(calls).toEqual([['preview', scheduler.jobs[0], { count: 3, from: '2026-03-29T00:00:00Z' }]])
  })

  it('JSON', async () => {
    const { json } = await invokeJson(fakeScheduler().scheduler, ['preview', 'report'])
    expect(json).toEqual({ job: 'report', slots: [{ slot: AT, dueAt: '2026-01-01T00:00:02.500Z', schedule: '#0' }] })
  })

  it('a job without slots', async () => {
    expect((await invoke(fakeScheduler().scheduler, ['preview', 'clean'])).out).toBe('clean has no further slot\n')
  })
})

describe('schedules', () => {
  it('a full page says how to go on', async () => {
    const views = [fakeScheduleView(), fakeScheduleView({ job: 'orchestrate', name: 'p/17', key: 'p/17', kind: 'dynamic' })]
    const { scheduler, calls } = fakeScheduler({ verbs: { 'schedules.list': () => views } })
    const { lines } = await invoke(scheduler, ['schedules', '--limit', '2', '--job', 'orchestrate', '--after', 'orchestrate/p/16'])
    expect(lines.at(-1)).toBe('more: repeat with --after orchestrate/p/17')
    expect(calls).toEqual([['schedules.list', { limit: 2, job: 'orchestrate', after: { job: 'orchestrate', name: 'p/16' } }]])
  })

  it('JSON', async () => {
    const { json } = await invokeJson(fakeScheduler().scheduler, ['schedules'])
    expect(json).toEqual({
      schedules: [expect.objectContaining({ job: 'report', name: '#0', description: 'every 6h', cursor: AT })],
      next: null,
    })
  })
})

it('JSON says null of payloads, progress and results that are not there', async () => {
  const none = { payload: undefined, progress: undefined, result: undefined }
  const { scheduler } = fakeScheduler({
    verbs: {
      'runs.find': () => [fakeRun(none)],
      'runs.get': () => fakeRun(none),
      'schedules.list': () => [fakeScheduleView({ payload: undefined })],
    },
  })
  const empty = { payload: null, progress: null, result: null }
  expect((await invokeJson(scheduler, ['runs'])).json).toMatchObject({ runs: [empty] })
  expect((await invokeJson(scheduler, ['dead'])).json).toMatchObject({ runs: [empty] })
  expect((await invokeJson(scheduler, ['runs', 'show', 'r-1'])).json).toMatchObject({ run: empty })
  expect((await invokeJson(scheduler, ['schedules'])).json).toMatchObject({ schedules: [{ payload: null }] })
})

describe('runs', () => {
  it('passes the filters on', async () => {
    const { scheduler, calls } = fakeScheduler()
    await invoke(scheduler, [
      'runs',
      '--job',
      'report',
      '--key',
      'eu',
      '--state',
      'running,pending',
      '--state',
      'dead',
      '--limit',
      '5',
      '--after',
      'r-9',
    ])
    expect(calls).toEqual([['runs.find', { limit: 5, job: 'report', key: 'eu', state: ['running', 'pending', 'dead'], after: 'r-9' }]])
  })

  it('table', async () => {
    const { scheduler } = fakeScheduler({
      verbs: { 'runs.find': () => [fakeRun(), fakeRun({ id: 'r-2', state: 'dead', error: { name: 'Error', message: 'no\nluck' } })] },
    })
    expect((await invoke(scheduler, ['runs'])).lines).toEqual([
      'RUN  JOB     STATE      TRIGGER  CREATED                TOOK  ATTEMPT  WHY',
      'r-1  report  succeeded  manual   2026-01-01T00:00:00Z  1.2 s        1',
      'r-2  report  dead       manual   2026-01-01T00:00:00Z  1.2 s        1  Error: no luck',
    ])
  })

  it('show: every known field, the stack of the error, the attempts', async () => {
    const run = fakeRun({
      state: 'dead',
      reason: 'no retries left',
      error: { name: 'Error', message: 'x', stack: 'Error: x\n    at handler' },
      attempts: [
        {
          number: 1,
          outcome: 'failed',
          owner: 'o-1',
          fence: 7,
          startedAt: new Date(0),
          finishedAt: new Date(1_500),
          error: { name: 'Error', message: 'x' },
        },
      ],
    })
    const { scheduler } = fakeScheduler({ verbs: { 'runs.get': () => run } })
    const { out } = await invoke(scheduler, ['runs', 'show', 'r-1'])
    expect(out).toContain('state     dead: no retries left')
    expect(out).toContain('payload   {"days":7}')
    expect(out).toContain('              at handler')
    expect(out).toMatch(/1 {2}failed {3}1970-01-01T00:00:00Z {2}1\.5 s {2}o-1/)
    const { json } = await invokeJson<{ run: object }>(scheduler, ['runs', 'show', 'r-1'])
    expect(json.run).toMatchObject({ id: 'r-1', createdAt: AT, attempts: [{ startedAt: '1970-01-01T00:00:00.000Z', fence: 7 }] })
  })

  it('show: an unknown run', async () => {
    const { code, err } = await invoke(fakeScheduler({ verbs: { 'runs.get': () => null } }).scheduler, ['runs', 'show', 'nope'])
    expect(code).toBe(1)
    expect(err).toContain('error [UnknownRun]: There is no run "nope"')
  })

  it('none', async () => {
    const { scheduler } = fakeScheduler({ verbs: { 'runs.find': () => [] } })
    expect((await invoke(scheduler, ['runs'])).out).toBe('no run\n')
    expect((await invokeJson(scheduler, ['runs'])).json).toEqual({ runs: [], next: null })
  })
})

it('dead asks for dead runs and continues itself', async () => {
  const { scheduler, calls } = fakeScheduler()
  const { lines } = await invoke(scheduler, ['dead', '--job', 'report', '--limit', '1'])
  expect(calls).toEqual([['runs.find', { state: 'dead', limit: 1, job: 'report' }]])
  expect(lines.at(-1)).toBe('more: repeat with --after r-1')
})

describe('cancel', () => {
  it('a pending run', async () => {
    const { scheduler, calls } = fakeScheduler({ verbs: { 'runs.get': () => fakeRun({ state: 'cancelled' }) } })
    const { out, code } = await invoke(scheduler, ['cancel', 'r-1', '--reason', 'oops'])
    expect(out).toBe('run r-1 is cancelled\n')
    expect(code).toBe(0)
    expect(calls[0]).toEqual(['runs.cancel', 'r-1', 'oops'])
  })

  it('a running one is asked to stop', async () => {
    const { scheduler } = fakeScheduler({ verbs: { 'runs.get': () => fakeRun({ state: 'running' }) } })
    expect((await invoke(scheduler, ['cancel', 'r-1'])).out).toBe('run r-1 is running: it is asked to stop\n')
  })

  it('one that had ended: exit code 1', async () => {
    const { scheduler } = fakeScheduler({ verbs: { 'runs.cancel': () => false } })
    const { json, code } = await invokeJson(scheduler, ['cancel', 'r-1'])
    expect(code).toBe(1)
    expect(json).toEqual({ id: 'r-1', cancelled: false, state: 'succeeded' })
  })

  it('those of a job, of a key, in a state, up to a limit', async () => {
    const { scheduler, calls } = fakeScheduler()
    const argv = ['cancel', '--job', 'report', '--key', 'eu', '--state', 'pending,waiting', '--limit', '9', '--reason', 'oops']
    expect((await invoke(scheduler, argv)).out).toBe('3 runs of report cancelled, or asked to stop\n')
    expect(calls).toEqual([['runs.cancelAll', { job: 'report', key: 'eu', state: ['pending', 'waiting'], limit: 9 }, 'oops']])
    expect(await invokeJson(scheduler, ['cancel', '--job', 'report'])).toMatchObject({ code: 0, json: { job: 'report', cancelled: 3 } })
  })
})

describe('replay', () => {
  const dead = (from: number, to: number): unknown[] =>
    Array.from({ length: from - to + 1 }, (_, index) => fakeRun({ id: `d-${from - index}`, state: 'dead' }))

  it('one run', async () => {
    const { json, code } = await invokeJson(fakeScheduler().scheduler, ['replay', 'r-1'])
    expect([json, code]).toEqual([{ replayed: 1, runs: [{ replayOf: 'r-1', id: 'again-r-1', error: null }] }, 0])
  })

  it('the oldest dead runs of a job, oldest first, over all pages, with --again', async () => {
    const pages = [dead(1_200, 201), dead(200, 1)]
    const { scheduler, calls } = fakeScheduler({ verbs: { 'runs.find': () => pages.shift() } })
    const { lines } = await invoke(scheduler, ['replay', '--job', 'report', '--again', '--limit', '3'])
    expect(lines).toEqual(['d-1 → again-d-1', 'd-2 → again-d-2', 'd-3 → again-d-3', '3 runs replayed'])
    expect(calls.slice(0, 2)).toEqual([
      ['runs.find', { job: 'report', state: 'dead', limit: 1_000 }],
      ['runs.find', { job: 'report', state: 'dead', limit: 1_000, after: 'd-201' }],
    ])
  })

  it('those that were not replayed already', async () => {
    const { scheduler, calls } = fakeScheduler({ verbs: { 'runs.get': (id: string) => fakeRun({ id, replayOf: `d-of-${id}` }) } })
    const { lines } = await invoke(scheduler, ['replay', '--job', 'report', '--limit', '3'])
    expect(lines).toEqual(['d-of-a → a', 'd-of-b → b', '2 runs replayed'])
    expect(calls[0]).toEqual(['runs.replayAll', { job: 'report', limit: 3 }])
  })

  it('one that was pruned meanwhile does not end the work; exit code 1', async () => {
    const { scheduler } = fakeScheduler({
      verbs: {
        'runs.find': () => dead(3, 1),
        'runs.replay': (id: string) => {
          if (id === 'd-2') throw new QuarterjackError('UnknownRun', 'There is no run "d-2".')
          return fakeHandle(`again-${id}`)
        },
      },
    })
    const { json, code } = await invokeJson(scheduler, ['replay', '--job', 'report', '--again'])
    expect(code).toBe(1)
    expect(json).toEqual({
      replayed: 2,
      runs: [
        { replayOf: 'd-1', id: 'again-d-1', error: null },
        { replayOf: 'd-2', id: null, error: { code: 'UnknownRun', message: 'There is no run "d-2".' } },
        { replayOf: 'd-3', id: 'again-d-3', error: null },
      ],
    })
  })

  it('a store that fails ends the work and does not hide what was done; exit code 3', async () => {
    const { scheduler } = fakeScheduler({
      verbs: {
        'runs.find': () => dead(3, 1),
        'runs.replay': (id: string) => {
          if (id === 'd-2') throw new QuarterjackError('StoreUnavailable', 'gone')
          return fakeHandle(`again-${id}`)
        },
      },
    })
    const { lines, code } = await invoke(scheduler, ['replay', '--job', 'report', '--again'])
    expect([lines, code]).toEqual([['d-1 → again-d-1', 'd-2 → error [StoreUnavailable]: gone', '1 run replayed'], 3])
  })

  it('progress is shown on a terminal', async () => {
    const { scheduler } = fakeScheduler({ verbs: { 'runs.find': () => dead(2, 1) } })
    const { err } = await invoke(scheduler, ['replay', '--job', 'report', '--again'], { isTTY: true })
    expect(err.split('\r\u001b[2K')).toEqual(['', 'replaying: 0 of 2', 'replaying: 1 of 2', ''])
  })

  it('an abort stops between two; exit code 1', async () => {
    const interrupt = new AbortController()
    const { scheduler } = fakeScheduler({
      verbs: {
        'runs.find': () => dead(3, 1),
        'runs.replay': (id: string) => {
          interrupt.abort()
          return fakeHandle(`again-${id}`)
        },
      },
    })
    const { json, code } = await invokeJson(scheduler, ['replay', '--job', 'report', '--again'], { signal: interrupt.signal })
    expect([json, code]).toMatchObject([{ replayed: 1 }, 1])
  })
})

it.each(['runs', 'dead', 'schedules', 'audit', 'replay', 'cancel'])(
  '%s --job finds nothing, and says that the name may be wrong',
  async (command) => {
    const { scheduler } = fakeScheduler({
      verbs: { 'runs.find': () => [], 'schedules.list': () => [], 'runs.replayAll': () => [], 'runs.cancelAll': () => 0 },
    })
    const { err, code } = await invoke(scheduler, [command, '--job', 'reprot'])
    expect([err, code]).toEqual(['warning: There is no job "reprot" in this program. Did you mean "report"?\n', 0])
  },
)

describe('suspend and resume', () => {
  it('a job, with its reason', async () => {
    const { scheduler, calls } = fakeScheduler()
    expect((await invoke(scheduler, ['suspend', 'report', '--reason', 'provider down'])).out).toBe('report is suspended: provider down\n')
    expect((await invoke(scheduler, ['resume', 'report'])).out).toBe('report goes on\n')
    expect(calls).toEqual([
      ['suspend', 'report', 'provider down', {}],
      ['resume', 'report', {}],
    ])
  })

  it('one schedule', async () => {
    const { scheduler, calls } = fakeScheduler()
    const { json } = await invokeJson(scheduler, ['suspend', 'report', '--schedule', '#0', '--reason', 'x'])
    expect(json).toEqual({ job: 'report', schedule: '#0', changed: true })
    expect(calls).toEqual([['suspend', 'report', 'x', { schedule: '#0' }]])
  })

  it('doing it twice is no error', async () => {
    const { scheduler } = fakeScheduler({ verbs: { suspend: () => false, resume: () => false } })
    const suspend = await invoke(scheduler, ['suspend', 'report', '--reason', 'x'])
    expect([suspend.code, suspend.out]).toEqual([0, 'report was suspended already\n'])
    const resume = await invokeJson(scheduler, ['resume', 'report'])
    expect([resume.code, resume.json]).toEqual([0, { job: 'report', schedule: null, changed: false }])
  })

  it('what does not exist is an error', async () => {
    const { scheduler } = fakeScheduler({ verbs: { suspend: () => false, 'schedules.list': () => [] } })
    expect((await invoke(scheduler, ['suspend', 'repotr', '--reason', 'x'])).err).toContain('error [UnknownJob]')
    const schedule = await invoke(scheduler, ['suspend', 'report', '--schedule', 'p-1', '--reason', 'x'])
    expect(schedule.err).toContain('error [UnknownSchedule]: Job "report" has no schedule "p-1"')
    expect(schedule.code).toBe(1)
  })
})

describe('retire', () => {
  it('says so', async () => {
    expect((await invokeJson(fakeScheduler().scheduler, ['retire', 'old'])).json).toEqual({ job: 'old', retired: true })
  })

  it('a job in use: exit code 1', async () => {
    const { scheduler } = fakeScheduler({
      verbs: {
        retire: () => {
          throw new QuarterjackError('JobInUse', 'Job "old" is declared by a live process.')
        },
      },
    })
    const { code, err } = await invoke(scheduler, ['retire', 'old'])
    expect([code, err]).toEqual([1, 'error [JobInUse]: Job "old" is declared by a live process.\n'])
  })
})

it('tick sums up', async () => {
  const { scheduler, calls } = fakeScheduler()
  const { out, code } = await invoke(scheduler, ['tick', '--limit', '5', '--budget', '10s'])
  expect(out).toBe('fired 2 slots, claimed 1 run: 1 succeeded, 0 failed; next work 2026-01-01T00:00:00Z\n')
  expect(code).toBe(0)
  expect(calls).toEqual([['tick', { limit: 5, budget: 10_000 }]])
  expect((await invokeJson(scheduler, ['tick'])).json).toEqual({ fired: 2, claimed: 1, succeeded: 1, failed: 0, nextWakeAt: AT })
})

describe('audit', () => {
  const schedule = { job: 'report', schedule: '#0', cursor: AT, proven: 12, attested: 3, runs: 10, skipped: { overlap: 2, misfire: 0 } }

  it('in order', async () => {
    const report = { at: AT, ok: true, schedules: [schedule], violations: [], proven: 12, attested: 3, complete: true }
    const { scheduler, calls } = fakeScheduler({ verbs: { audit: () => report } })
    const { lines, code } = await invoke(scheduler, ['audit', '--job', 'report', '--limit', '9'])
    expect(lines).toEqual([
      'JOB     SCHEDULE  CURSOR                PROVEN  ATTESTED  RUNS  SKIPPED',
      'report  #0        2026-01-01T00:00:00Z      12         3    10  2 overlap',
      '',
      '12 slots proven, 3 attested: no violation',
    ])
    expect(code).toBe(0)
    expect(calls).toEqual([['audit', { job: 'report', limit: 9 }]])
    expect((await invokeJson(scheduler, ['audit'])).json).toEqual(report)
  })

  it('violations: named, exit code 1', async () => {
    const violation = { kind: 'missingSlot', job: 'report', schedule: '#0', slot: AT, detail: 'no record' }
    const report = { at: AT, ok: false, schedules: [schedule], violations: [violation], proven: 11, attested: 3, complete: false }
    const { lines, code } = await invoke(fakeScheduler({ verbs: { audit: () => report } }).scheduler, ['audit'])
    expect(code).toBe(1)
    expect(lines).toContain('missingSlot  report  #0        2026-01-01T00:00:00Z  no record')
    expect(lines.at(-1)).toBe('11 slots proven, 3 attested: 1 violation; stopped early by --limit')
  })
})

it('tables are cut to the terminal, and to nothing else', async () => {
  const { scheduler } = fakeScheduler({ verbs: { 'runs.find': () => [fakeRun({ error: { name: 'Error', message: 'x'.repeat(300) } })] } })
  const narrow = await invoke(scheduler, ['runs'], { isTTY: true, columns: 90 })
  expect(Math.max(...narrow.lines.map((line) => line.length))).toBe(90)
  expect(narrow.out).toContain('…')
  expect((await invoke(scheduler, ['runs'], { columns: 90 })).out).toContain('x'.repeat(300))
})
