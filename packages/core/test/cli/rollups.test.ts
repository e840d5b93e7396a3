import { describe, expect, it } from 'vitest'
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'
import { fakePlan, fakeBackfill, fakeBackfillView, fakeRollup, fakeRollupHealth, fakeScheduler } from './fake-scheduler.ts'
import { invoke, invokeJson } from './invoke.ts'

describe('rollups', () => {
  it('shows how fresh each is, and what needs a look', async () => {
    const { scheduler } = fakeScheduler({
      jobs: [fakeRollup],
      verbs: {
        'rollups.state': () =>
          fakeRollupHealth({
            status: 'degraded',
            freshness: 'late',
            failed: 1,
            lagMs: 7_200_000,
            why: ['1 window could not be refreshed'],
          }),
      },
    })
    const { code, lines } = await invoke(scheduler, ['rollups'])
    expect(code).toBe(0)
    expect(lines[0]?.split(/\s{2,}/)).toEqual(['ROLLUP', 'FRESHNESS', 'WATERMARK', 'LAG', 'DIRTY', 'DIRTY FOR', 'FAILED', 'WHY'])
    expect(lines[1]).toMatch(/^stats-daily +late +2026-01-01T00:00:00Z +2 h +0 +0 ms +1 +1 window could not be refreshed$/)
  })
})

describe('backfill', () => {
  it('asks for what the options say, and ends with it', async () => {
    const { scheduler, calls } = fakeScheduler({ jobs: [fakeRollup] })
    const line = 'backfill stats-daily --from 2025-12-02 --to 2026-01-01 --select missing --order oldest --concurrency 3'
    const { code, lines } = await invoke(scheduler, line.split(' '))
    expect(code).toBe(0)
    expect(calls.find(([verb]) => verb === 'backfill')?.[2]).toEqual({
      from: '2025-12-02',
      to: '2026-01-01',
      select: 'missing',
      order: 'oldest',
      concurrency: 3,
    })
    expect(lines).toEqual(['[████████████████████████]  100 %  30 of 30 windows  6.0/s', 'backfill b-1 of stats-daily is finished'])
  })

  it('draws a bar while it goes on, for whoever watches', async () => {
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup] })
    const written: string[] = []
    const terminal = { isTTY: true, columns: 100, write: (text: string) => written.push(text) }
    await invoke(scheduler, ['backfill', 'stats-daily', '--last', '30d'], { stderr: terminal })
    expect(written.join('')).toContain('[██████████░░░░░░░░░░░░░░]  40 %  12 of 30 windows  6.0/s  3 s left')
  })

  it('prints the plan of a dry run, and changes nothing', async () => {
    const { scheduler, calls } = fakeScheduler({ jobs: [fakeRollup] })
    const { lines } = await invoke(scheduler, ['backfill', 'stats-daily', '--last', '30d', '--dry-run'])
    expect(lines).toEqual([
      'rollup   stats-daily',
      'range    2025-12-02T00:00:00Z to 2026-01-01T00:00:00Z',
      'windows  30 windows of day, all, newest first',
      'runs     1 at a time',
    ])
    expect(calls.map(([verb]) => verb)).not.toContain('backfill')
  })

  it('fails where windows failed, or it was cancelled', async () => {
    for (const end of [{ failed: 2 }, { state: 'cancelled' as const }]) {
      const { scheduler } = fakeScheduler({ jobs: [fakeRollup], verbs: { backfill: () => fakeBackfill(end) } })
      expect((await invoke(scheduler, ['backfill', 'stats-daily', '--last', '1d'])).code).toBe(1)
    }
  })

  it('copies the rows of just that range first with --snapshot, and says how to put them back', async () => {
    const { scheduler, calls } = fakeScheduler({ jobs: [fakeRollup] })
    const line = ['backfill', 'stats-daily', '--last', '30d', '--order', 'oldest', '--snapshot']
    const { json } = await invokeJson(scheduler, line)
    const { from, to } = fakePlan()
    const asked = calls.filter(([verb]) => verb === 'rollups.snapshot' || verb === 'backfill')
    expect(asked.map(([verb, , options]) => [verb, options])).toEqual([
      ['rollups.snapshot', { from, to }],
      ['backfill', { from, to, order: 'oldest' }],
    ])
    expect(json).toMatchObject({ state: 'finished', snapshot: 'stats_daily_20260101_080000000' })
    const { lines } = await invoke(scheduler, line)
    expect(lines.at(-1)).toContain('"app rollups restore stats-daily stats_daily_20260101_080000000" puts them back')
  })

  it('tells of the snapshot where the backfill is refused afterwards', async () => {
    const refuse = (): never => {
      throw new QuarterjackError('BackfillOverlaps', 'one is not finished.')
    }
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup], verbs: { backfill: refuse } })
    const { err } = await invoke(scheduler, ['backfill', 'stats-daily', '--last', '30d', '--snapshot'])
    expect(err).toContain('one is not finished.')
    expect(err).toContain('snapshot stats_daily_20260101_080000000 keeps 1200 rows')
  })

  it('asks for nothing where the snapshot is refused, or the run is dry', async () => {
    const refuse = (): never => {
      throw new QuarterjackError('TransactionsUnsupported', 'give it a pool.')
    }
    const { scheduler, calls } = fakeScheduler({ jobs: [fakeRollup], verbs: { 'rollups.snapshot': refuse } })
    const line = ['backfill', 'stats-daily', '--last', '30d', '--snapshot']
    expect((await invoke(scheduler, line)).err).toContain('give it a pool.')
    expect((await invoke(scheduler, [...line, '--dry-run'])).code).toBe(0)
    expect(calls.map(([verb]) => verb)).not.toContain('backfill')
  })

  it('returns at once with --no-wait', async () => {
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup] })
    const { json } = await invokeJson(scheduler, ['backfill', 'stats-daily', '--last', '30d', '--no-wait'])
    expect(json).toMatchObject({ id: 'b-1', state: 'running', done: 12 })
  })

  it('says how to go on when the wait is interrupted', async () => {
    const controller = new AbortController()
    const finished = (): Promise<never> => {
      controller.abort()
      return Promise.reject(controller.signal.reason)
    }
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup], verbs: { backfill: () => ({ ...fakeBackfill(), finished }) } })
    const { code, err } = await invoke(scheduler, ['backfill', 'stats-daily', '--last', '30d'], { signal: controller.signal })
    expect(code).toBe(1)
    expect(err).toContain('"app backfills cancel b-1"')
  })

  it.each([
    ['an unknown rollup', 'backfill stats-dayly --last 30d', /Did you mean "stats-daily"\?/],
    ['a word that is none', 'backfill stats-daily --select some', /Use one of missing, failed, dirty, all\./],
    ['a duration that is none', 'backfill stats-daily --last month', /Use a number with a unit/],
  ])('refuses %s', async (_, line, message) => {
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup] })
    const { code, err } = await invoke(scheduler, line.split(' '))
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })

  it('prints the refusal of the range as it is', async () => {
    const refuse = (): never => {
      throw new QuarterjackError('BackfillOutOfRange', 'from lies before the start.')
    }
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup], verbs: { 'rollups.planBackfill': refuse } })
    const { code, err } = await invoke(scheduler, ['backfill', 'stats-daily', '--from', '2020-01-01'])
    expect([code, err]).toEqual([2, expect.stringContaining('from lies before the start.')])
  })
})

describe('rollups ddl', () => {
  it('prints statements as they are, on any store', async () => {
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup], shared: false })
    const { code, out } = await invoke(scheduler, ['rollups', 'ddl', 'stats-daily'])
    expect([code, out]).toEqual([0, 'create table stats_daily (\n  window_start timestamptz not null\n);\n'])
  })

  it('is refused for a rollup whose refresh does not tell', async () => {
    const refuse = (): never => {
      throw new QuarterjackError('TargetUnknown', 'use sqlRollup().')
    }
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup], verbs: { 'rollups.targetSql': refuse } })
    const { code, err } = await invoke(scheduler, ['rollups', 'ddl', 'stats-daily'])
    expect([code, err]).toEqual([2, expect.stringContaining('use sqlRollup().')])
  })
})

describe('rollups restore', () => {
  it('puts a snapshot back', async () => {
    const { scheduler, calls } = fakeScheduler({ jobs: [fakeRollup] })
    const { lines } = await invoke(scheduler, ['rollups', 'restore', 'stats-daily', 'stats_daily_20260101_080000000'])
    expect(calls.find(([verb]) => verb === 'rollups.restore')).toEqual(['rollups.restore', fakeRollup, 'stats_daily_20260101_080000000'])
    expect(lines).toEqual(['1200 rows of stats-daily restored, 2025-12-02T00:00:00Z to 2026-01-01T00:00:00Z'])
  })
})

describe('backfills', () => {
  it('lists them, and filters', async () => {
    const { scheduler, calls } = fakeScheduler({ jobs: [fakeRollup] })
    const { lines } = await invoke(scheduler, ['backfills', '--rollup', 'stats-daily', '--unfinished'])
    expect(lines[1]).toMatch(/^b-1 +stats-daily +running +2025-12-02T00:00:00Z +2026-01-01T00:00:00Z +12\/30 +3 s$/)
    expect(calls.find(([verb]) => verb === 'rollups.backfills')?.[1]).toMatchObject({ rollup: 'stats-daily', unfinished: true, limit: 50 })
  })

  it('controls one', async () => {
    const paused: unknown[] = []
    const backfill = {
      ...fakeBackfill(),
      pause: (reason?: string) => Promise.resolve(paused.push(reason) > 0),
      progress: () => Promise.resolve(fakeBackfillView({ state: 'paused' })),
    }
    const { scheduler } = fakeScheduler({ jobs: [fakeRollup], verbs: { 'rollups.backfill': () => backfill } })
    expect((await invoke(scheduler, ['backfills', 'pause', 'b-1', '--reason', 'busy'])).lines).toEqual(['backfill b-1 is paused'])
    expect(paused).toEqual(['busy'])
    expect((await invoke(scheduler, ['backfills', 'resume', 'b-1'])).lines).toEqual(['backfill b-1 is paused: nothing changed'])
  })
})

describe('verify', () => {
  it('is content with windows that are as they should be', async () => {
    const { scheduler, calls } = fakeScheduler({ jobs: [fakeRollup] })
    const { code, lines } = await invoke(scheduler, 'verify stats-daily --from 2025-12-01 --to 2026-01-01 --all'.split(' '))
    expect([code, lines]).toEqual([0, ['31 windows of stats-daily recomputed, 1 left out: all as it should be']])
    expect(calls.find(([verb]) => verb === 'rollups.verify')?.[2]).toEqual({ from: '2025-12-01', to: '2026-01-01', sample: 'all' })
  })

  it('verifies the last so long, as backfill recomputes it', async () => {
    const { scheduler, calls } = fakeScheduler({ jobs: [fakeRollup] })
    expect((await invoke(scheduler, 'verify stats-daily --last 30d --sample 10'.split(' '))).code).toBe(0)
    expect(calls.find(([verb]) => verb === 'rollups.verify')?.[2]).toEqual({ last: 30 * 86_400_000, sample: 10 })
  })

  it('fails with the rows that differ', async () => {
    const drift = [{ window: new Date('2025-12-05T00:00:00Z'), key: 'eu', expected: '{"sum":4}', found: null }]
    const { scheduler } = fakeScheduler({
      jobs: [fakeRollup],
      verbs: { 'rollups.verify': () => ({ rollup: 'stats-daily', checked: 31, leftOut: 0, drift, more: true }) },
    })
    const { code, lines } = await invoke(scheduler, 'verify stats-daily --from 2025-12-01 --to 2026-01-01'.split(' '))
    expect(code).toBe(1)
    expect(lines[0]).toBe('31 windows of stats-daily recomputed: 1 row and more differ')
    expect(lines.at(-1)).toMatch(/^2025-12-05T00:00:00Z +eu +\{"sum":4\} +no row$/)
  })
})
