import { describe, expect, it } from 'vitest'
import { planDoctorChecks } from '../../src/cli/doctor-checks.ts'
import type { DoctorFacts, StateFacts, StoreFacts } from '../../src/cli/doctor-facts.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { fakeHealth, fakeJobHealth, fakeRollup, fakeRun, fakeScheduler, fakeScheduleView } from './fake-scheduler.ts'
import { invoke, invokeJson } from './invoke.ts'

const store: StoreFacts = { name: 'pg', shared: true, durable: true, error: null, latencyMs: 1, clockOffsetMs: 3 }
const state: StateFacts = { health: fakeHealth(), keptJobs: ['report'], quarantined: [], schedulesSeen: 1, complete: true }
const facts: DoctorFacts = { nodeVersion: '24.11.0', production: true, program: 'app', jobs: ['report'], store, state, sources: [] }

const lines = (changes: Partial<DoctorFacts>): string[] =>
  planDoctorChecks({ ...facts, ...changes }).map((check) => `${check.status} ${check.name}: ${check.detail}`)

const index = { name: 'index', status: 'warn', detail: 'no index of calls begins with at', remedy: 'create index' } as const
const captured = { name: 'triggers', status: 'ok', detail: 'calls is captured', remedy: null } as const

describe('sources of rollups', () => {
  const sources = (...of: DoctorFacts['sources']) => lines({ sources: of }).filter((line) => line.includes(' source: '))

  it('have a line for each thing to mend, whichever rollups read them, and one for those without', () => {
    expect(
      sources(
        { rollup: 'hourly', findings: [captured, index], error: null },
        { rollup: 'daily', findings: [captured, index], error: null },
        { rollup: 'other', findings: [captured], error: null },
        { rollup: 'silent', findings: [], error: null },
      ),
    ).toEqual(['warn source: of hourly, daily: no index of calls begins with at', 'ok source: of other: nothing to mend'])
  })

  it('that cannot be looked at are told of', () => {
    expect(sources({ rollup: 'hourly', findings: [], error: 'permission denied' })).toEqual([
      'warn source: of hourly could not be looked at: permission denied',
    ])
  })

  it('fail the command where figures get wrong, and have a deadline', async () => {
    const lost = { ...captured, status: 'fail', detail: 'calls has no trigger for delete', remedy: 'Call captureChanges again.' } as const
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup], verbs: { 'rollups.examine': () => [lost] } })
    const { code, out } = await invoke(scheduler, ['doctor'])
    expect([code, out]).toEqual([1, expect.stringMatching(/fail +source +of stats-daily: calls has no trigger for delete\n +→ Call/)])

    const clock = fakeClock()
    const hanging = fakeScheduler({ jobs: [fakeRollup], verbs: { 'rollups.examine': () => new Promise(() => undefined) } })
    const { out: late } = await clock.until(invoke(hanging.scheduler, ['doctor'], { clock }), 30_000)
    expect(late).toContain('of stats-daily could not be looked at: no answer within 5 s')
  })
})

describe('checks', () => {
  it('a sound set-up: all ok, nothing to do', () => {
    const checks = planDoctorChecks(facts)
    expect(checks.map((check) => check.name)).toEqual([
      'node',
      'store',
      'store clock',
      'store kind',
      'processes',
      'workers',
      'unknown jobs',
      'quarantine',
      'overdue',
    ])
    expect(checks.filter((check) => check.status !== 'ok' || check.remedy !== null)).toEqual([])
  })

  it.each<[string, Partial<DoctorFacts>, string]>([
    ['old Node', { nodeVersion: '20.19.0' }, 'fail node: 20.19.0 is too old'],
    ['Node just too old', { nodeVersion: '22.11.0' }, 'fail node: 22.11.0 is too old'],
    ['oldest Node', { nodeVersion: '22.12.0' }, 'ok node: 22.12.0'],
    [
      'silent store',
      { store: { ...store, error: 'ECONNREFUSED', latencyMs: null, clockOffsetMs: null }, state: null },
      'fail store: pg does not answer: ECONNREFUSED',
    ],
    ['slow store', { store: { ...store, latencyMs: 101 } }, 'warn store: pg answers in 101 ms: every slot is late by a few of these'],
    ['clock behind', { store: { ...store, clockOffsetMs: -2_400 } }, 'warn store clock: 2.4 s behind this machine'],
    ['clock ahead', { store: { ...store, clockOffsetMs: 900 } }, 'ok store clock: 900 ms ahead of this machine'],
    [
      'memory store in production',
      { store: { ...store, name: 'memory', shared: false, durable: false } },
      'fail store kind: the state of the memory store ends with its process and is seen by one process only',
    ],
    [
      'memory store elsewhere',
      { production: false, store: { ...store, shared: false, durable: false } },
      'warn store kind: the state of the pg store ends with its process and is seen by one process only',
    ],
    [
      'locked embedded store',
      { store: { ...store, shared: false } },
      'warn store kind: the state of the pg store is seen by one process only',
    ],
    ['no process', { state: { ...state, health: fakeHealth({ owners: 0 }) } }, 'warn processes: no process works: nothing fires'],
    [
      'no process, work overdue',
      { state: { ...state, health: fakeHealth({ owners: 0, jobs: [fakeJobHealth({ overdueMs: 60_001 })] }) } },
      'fail processes: no process works: nothing fires',
    ],
    [
      'no worker',
      { state: { ...state, health: fakeHealth({ jobs: [fakeJobHealth({ capableOwners: 0 })] }) } },
      'warn workers: no live process executes report',
    ],
    [
      'no worker, overdue',
      { state: { ...state, health: fakeHealth({ jobs: [fakeJobHealth({ capableOwners: 0, overdueMs: 90_000 })] }) } },
      'fail workers: no live process executes report',
    ],
    [
      'unknown job',
      { state: { ...state, keptJobs: ['report', 'old'] } },
      'warn unknown jobs: the store holds old, which this code does not define',
    ],
    [
      'cut scan',
      { state: { ...state, complete: false, schedulesSeen: 20_000 } },
      'ok unknown jobs: none in the store (the first 20000 schedules were looked at)',
    ],
    [
      'quarantine',
      { state: { ...state, quarantined: ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'a/6', 'a/7'] } },
      'fail quarantine: a/1, a/2, a/3, a/4, a/5 and 2 more could not be understood and no longer fires',
    ],
    [
      'overdue',
      { state: { ...state, health: fakeHealth({ jobs: [fakeJobHealth({ overdueMs: 130_000 })] }) } },
      'warn overdue: report, the oldest for 2 m 10 s',
    ],
    [
      'overdue but suspended',
      { state: { ...state, health: fakeHealth({ jobs: [fakeJobHealth({ overdueMs: 130_000, suspended: { at: '', reason: '' } })] }) } },
      'ok overdue: nothing',
    ],
  ])('%s', (_, changes, line) => {
    expect(lines(changes)).toContain(line)
  })

  it('whatever is not ok has a remedy', () => {
    const bad = planDoctorChecks({
      ...facts,
      nodeVersion: '18.0.0',
      store: { ...store, durable: false, latencyMs: 500, clockOffsetMs: 9_000 },
      state: {
        ...state,
        keptJobs: ['old'],
        quarantined: ['a/1'],
        health: fakeHealth({ jobs: [fakeJobHealth({ capableOwners: 0, overdueMs: 1e6 })] }),
      },
    })
    const troubled = bad.filter((check) => check.status !== 'ok')
    expect(troubled.map((check) => check.name)).toEqual([
      'node',
      'store',
      'store clock',
      'store kind',
      'workers',
      'unknown jobs',
      'quarantine',
      'overdue',
    ])
    for (const check of troubled) expect(check.remedy).toMatch(/\w/)
    expect(troubled.find((check) => check.name === 'unknown jobs')?.remedy).toContain('app retire old')
  })
})

describe('doctor', () => {
  it('looks at every page of schedules, and at runs that wait', async () => {
    const pages = [
      Array.from({ length: 1_000 }, (_, index) => fakeScheduleView({ name: `k${index}` })),
      [fakeScheduleView({ job: 'gone', name: 'x', state: 'quarantined' })],
    ]
    const { scheduler, calls } = fakeScheduler({
      verbs: { 'schedules.list': () => pages.shift(), 'runs.find': () => [fakeRun({ job: 'lost' })] },
    })
    const { json, code } = await invokeJson<{
      ok: boolean
      checks: { name: string; status: string; detail: string; remedy: string | null }[]
    }>(scheduler, ['doctor'], {
      clock: fakeClock(),
    })
    expect(code).toBe(1)
    expect(json.ok).toBe(false)
    const detail = (name: string): string | undefined => json.checks.find((check) => check.name === name)?.detail
    expect(detail('unknown jobs')).toBe('the store holds gone, lost, which this code does not define')
    expect(detail('quarantine')).toContain('gone/x')
    const lists = calls.filter(([verb]) => verb === 'schedules.list')
    expect(lists).toMatchObject([
      ['schedules.list', { limit: 1_000 }],
      ['schedules.list', { after: { job: 'report', name: 'k999' } }],
    ])
  })

  it('a store that fails: exit code 3, and no further question', async () => {
    const { scheduler, calls } = fakeScheduler({ storeNow: () => Promise.reject(new Error('connection refused')) })
    const { code, lines } = await invoke(scheduler, ['doctor'], { clock: fakeClock() })
    expect(code).toBe(3)
    expect(lines).toContain('fail  store       fake does not answer: connection refused')
    expect(lines).toContain('                  → Check address, credentials and network of the store.')
    expect(calls).toEqual([])
  })

  it('a store that hangs: given up after 5 s', async () => {
    const clock = fakeClock()
    const { scheduler } = fakeScheduler({ storeNow: () => new Promise(() => {}) })
    const pending = invoke(scheduler, ['doctor'], { clock })
    await clock.advance(5_000)
    expect((await pending).out).toContain('no answer within 5 s')
    expect(clock.timers).toBe(0)
  })

  it('measures latency and offset on the injected clock', async () => {
    const clock = fakeClock()
    const { scheduler } = fakeScheduler({
      storeNow: async () => {
        await clock.advance(40)
        return clock.now() - 20 + 5_000
      },
    })
    const { lines } = await invoke(scheduler, ['doctor'], { clock })
    expect(lines.slice(1, 3)).toEqual(['ok    store         fake answers in 40 ms', 'warn  store clock   5 s ahead of this machine'])
  })

  it('a private store, not started here: no word about a state that cannot be seen', async () => {
    const { scheduler } = fakeScheduler({ shared: false })
    const { json, code } = await invokeJson<{ checks: { name: string }[] }>(scheduler, ['doctor'], { clock: fakeClock() })
    expect(code).toBe(0)
    expect(json.checks.map((check) => check.name)).toEqual(['node', 'store', 'store clock', 'store kind'])
  })
})
