/** What needs no database: configuration, command line, health, alerts, lines, plots, made-up load. */
import type { HealthSnapshot, JobHealth, RollupHealth } from '@quarterjack/core'
import { describe, expect, it } from 'vitest'
import { readArgs } from '../src/aggregate/read-args.ts'
import { judgeAlerts } from '../src/alerts/judge-alerts.ts'
import { type AlertNews, followAlerts } from '../src/alerts/stand.ts'
import { ConfigError, readConfig } from '../src/config.ts'
import { judgeRollup } from '../src/http/rollup-health.ts'
import { generateLoad } from '../src/load/generate.ts'
import { createLineLog } from '../src/observe/log-lines.ts'
import { barPlot } from '../src/plots/bar-plot.ts'
import { loggedRefresh } from '../src/rollups/logged-refresh.ts'

const NOW = Date.parse('2025-12-28T13:39:16Z')
const HOUR_MS = 3_600_000

describe('readConfig', () => {
  it('has the defaults of the document', () => {
    expect(readConfig({})).toMatchObject({
      intervalHours: 1,
      debounceSeconds: 5,
      isTestable: false,
      port: 8080,
      generateDays: 14,
      historyStart: '2024-01-01',
    })
    expect(readConfig({ DATABASE_URL: 'postgres://x' }).generateDays).toBe(0)
  })

  it('names every problem', () => {
    const wrong = { ROLLUP_INTERVAL_HOURS: '0', ENABLE_TEST_ENDPOINTS: 'yes', PORT: 'x', HISTORY_START: '2024' }
    expect(() => readConfig(wrong)).toThrow(ConfigError)
    expect(() => readConfig(wrong)).toThrow(
      /PORT must be a port[\s\S]*HISTORY_START must be a day[\s\S]*ROLLUP_INTERVAL_HOURS must be whole hours[\s\S]*ENABLE_TEST_ENDPOINTS/,
    )
  })
})

describe('readArgs', () => {
  it.each([
    [[], { kind: 'backfill', range: { date: '2025-12-27' } }],
    [['--', '--backfill', '30'], { kind: 'backfill', range: { last: '30d' } }],
    [['--date', '2024-11-09'], { kind: 'backfill', range: { date: '2024-11-09' } }],
    [['--hourly'], { kind: 'sweep', of: 'hourly' }],
    [['--daily'], { kind: 'sweep', of: 'daily' }],
    [['--help'], { kind: 'help' }],
    [['--date', '2024-02-30'], { kind: 'wrong', problem: '--date 2024-02-30: give a day, such as 2024-11-09' }],
    [['--backfill', '0'], { kind: 'wrong', problem: '--backfill 0: give whole days, 1 to 90' }],
    [['--backfill', '1.5'], { kind: 'wrong', problem: '--backfill 1.5: give whole days, 1 to 90' }],
    [['--hourly', '--daily'], { kind: 'wrong', problem: '--hourly and --daily do not go together' }],
  ])('%j', (args, task) => {
    expect(readArgs(args, NOW)).toEqual(task)
  })

  it('refuses what it does not know', () => {
    expect(readArgs(['--weekly'], NOW)).toMatchObject({ kind: 'wrong', problem: expect.stringContaining('--weekly') })
  })
})

const aJob = (over: Partial<JobHealth>): JobHealth =>
  ({
    ...{ job: 'calculation-stats', status: 'ok', running: 0, suspended: null, consecutiveFailures: 0, lastFailure: null },
    ...{ lastSuccess: { runId: 'r', at: '2025-12-28T13:00:00.123Z' }, durationMs: { p50: 5, p95: 9, p99: 9 }, ...over },
  }) as JobHealth
const aRollup = (over: Partial<RollupHealth>): RollupHealth =>
  ({ rollup: 'hourly-analytics', status: 'ok', freshness: 'ok', why: ['it is late'], failed: 0, suspect: 0, ...over }) as RollupHealth

describe('judgeRollup', () => {
  const judge = (over: Partial<JobHealth>, startedAt = NOW - 9 * HOUR_MS) =>
    judgeRollup({
      snapshot: { at: new Date(NOW).toISOString(), jobs: [aJob(over)] },
      job: 'calculation-stats',
      intervalHours: 1,
      startedAt,
    })

  it('is well for two intervals after a success', () => {
    expect(judge({})).toEqual({ status: 'ok', running: false, healthy: true, last_run: '2025-12-28T13:00:00Z' })
    const at = (ms: number) => ({ lastSuccess: { runId: 'r', at: new Date(NOW - ms).toISOString() } })
    expect(judge(at(2 * HOUR_MS)).healthy).toBe(true)
    expect(judge(at(2 * HOUR_MS + 1))).toMatchObject({ status: 'unhealthy', healthy: false })
  })

  it('counts from the start before there was one, and sees failures', () => {
    expect(judge({ lastSuccess: null }, NOW - HOUR_MS)).toMatchObject({ healthy: true, last_run: null })
    expect(judge({ lastSuccess: null })).toMatchObject({ healthy: false, last_run: null })
    expect(judge({ status: 'unhealthy', running: 1 })).toMatchObject({ healthy: false, running: true })
  })
})

describe('judgeAlerts', () => {
  const names = (jobs: readonly Partial<JobHealth>[], rollups: readonly Partial<RollupHealth>[] = []) =>
    judgeAlerts({ jobs: jobs.map(aJob), rollups: rollups.map(aRollup) } as Pick<HealthSnapshot, 'jobs' | 'rollups'>).map(
      ({ name, severity }) => `${name} ${severity}`,
    )

  it.each<[string, readonly Partial<JobHealth>[], readonly Partial<RollupHealth>[], readonly string[]]>([
    ['nothing', [{}], [{}], []],
    ['two failures in a row', [{ consecutiveFailures: 2 }], [], []],
    ['three', [{ consecutiveFailures: 3 }], [], ['RollupFailing critical']],
    ['three, suspended', [{ consecutiveFailures: 3, suspended: { at: '', reason: '' } }], [], []],
    ['slow runs', [{ durationMs: { p50: 1, p95: 30_001, p99: 1 } }], [], ['RollupSlow warning']],
    ['a late rollup', [], [{ freshness: 'late' }], ['RollupLate warning']],
    ['a stale one', [], [{ freshness: 'stale' }], ['RollupStale critical']],
    ['a suspended one', [], [{ freshness: 'stale', status: 'suspended' }], []],
    ['bad windows', [], [{ failed: 3 }], ['RollupFailing critical']],
    ['lost rows', [], [{ freshness: 'late', suspect: 1 }], ['RollupSuspect warning']],
  ])('%s', (_, jobs, rollups, expected) => {
    expect(names(jobs, rollups)).toEqual(expected)
  })
})

it('an alert is told once, when it has stood for a minute, and when it is over', () => {
  const [alert] = judgeAlerts({ jobs: [], rollups: [aRollup({ freshness: 'stale' })] })
  const found = alert === undefined ? [] : [alert]
  let standing: AlertNews['standing'] = new Map()
  const told = [
    [0, found],
    [30_000, found],
    [60_000, found],
    [90_000, found],
    [120_000, []],
    [150_000, found],
    [160_000, []],
  ].map(([at, alerts]) => {
    const news = followAlerts(standing, alerts as typeof found, at as number)
    standing = news.standing
    return [news.begun.length, news.over.length]
  })
  expect(told).toEqual([
    [0, 0],
    [0, 0],
    [1, 0],
    [0, 0],
    [0, 1],
    [0, 0],
    [0, 0],
  ])
})

describe('the lines of the old scheduler', () => {
  const lines: string[] = []
  const log = createLineLog({ write: (line) => lines.push(line), now: () => NOW, isVerbose: false })

  it('are stamped in UTC, with quotes where they are needed', () => {
    log.info('rollup completed successfully', { duration_ms: 5, dates_processed: 2 })
    log.debug('not shown')
    log.error('x', { error: 'no "such" thing', date: '2025-12-27' })
    expect(lines.splice(0)).toEqual([
      '2025/12/28 13:39:16 INFO rollup completed successfully duration_ms=5 dates_processed=2',
      '2025/12/28 13:39:16 ERROR x error="no \\"such\\" thing" date=2025-12-27',
    ])
  })

  it('name the day that failed, when it failed alone', async () => {
    const failing = Object.assign(() => Promise.reject(new Error('disk full')), {
      verify: () => Promise.resolve([]),
      plan: {},
      parts: null,
    })
    const refresh = loggedRefresh(failing as unknown as Parameters<typeof loggedRefresh>[0], log, () => NOW)
    const day = (text: string) => ({ start: new Date(`${text}T00:00Z`), end: new Date(`${text}T23:00Z`), removed: false })
    for (const windows of [[day('2025-12-27'), day('2025-12-28')], [day('2025-12-27')], [day('2025-12-28')], [day('2025-12-01')]]) {
      const request = { windows, from: new Date(0), to: new Date(NOW) }
      await expect(refresh(request, { runId: 'r' } as Parameters<typeof refresh>[1])).rejects.toThrow('disk full')
    }
    expect(lines.map((line) => line.slice(20))).toEqual([
      'INFO starting calculation stats rollup',
      'ERROR rollup failed for yesterday error="disk full" date=2025-12-27 duration_ms=0',
      'ERROR rollup failed for today error="disk full" date=2025-12-28 duration_ms=0',
      'ERROR rollup failed for an earlier day error="disk full" date=2025-12-01 duration_ms=0',
    ])
  })
})

it('a plot has a bar and a dot for each point, and shows what differs', () => {
  const svg = barPlot({
    title: 'a <b>',
    unit: '$',
    points: [
      { x: NOW, rolledUp: 2, raw: 2 },
      { x: 'm"', rolledUp: 1, raw: 2 },
    ],
  })
  expect(svg).toContain('a &#60;b&#62;')
  expect(svg.match(/<circle/g)).toHaveLength(2)
  expect([svg.match(/class="right"/g)?.length, svg.match(/class="wrong"/g)?.length]).toEqual([1, 1])
  expect(svg).toContain('m&#34;: rolled up 1, raw 2')
})

it('the same seed makes the same rows, also of a part of the range', () => {
  const load = (from: number, to: number) => generateLoad({ seed: 1, from, to, executionsPerHour: 3, calculationsPerHour: 3 })
  const whole = load(NOW - 30 * HOUR_MS, NOW)
  expect(load(NOW - 30 * HOUR_MS, NOW)).toEqual(whole)
  const part = load(NOW - 10 * HOUR_MS, NOW)
  expect(part.spans).toEqual(whole.spans.filter(({ startedAt }) => startedAt >= NOW - 10 * HOUR_MS))
  expect(new Set(whole.spans.map(({ spanId }) => spanId)).size).toBe(whole.spans.length)
})
