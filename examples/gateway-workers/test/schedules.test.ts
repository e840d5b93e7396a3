/** The crontab's schedules and the agents' own, on a clock that the test moves. The database is a stand-in without rows. */
import { readFileSync } from 'node:fs'
import { fromCrontab } from '@quarterjack/adapter-http'
import { nextSlots } from '@quarterjack/core'
import { manualScheduler, type ManualScheduler } from '@quarterjack/core/testing'
import { describe, expect, it } from 'vitest'
import type { Database } from '../src/db/open-database.ts'
import type { Queries } from '../src/db/queries.ts'
import { WORKER_ROUTES } from '../src/http/worker-endpoints.ts'
import { defineAllJobs } from '../src/jobs/all-jobs.ts'
import { followSettings } from '../src/orchestration/agent-schedules.ts'
import type { RepositorySource } from '../src/orchestration/repository.ts'
import { PROJECTS } from '../src/seed/generate-projects.ts'

const START = '2026-03-02T00:30:00Z'
const crontab = fromCrontab(readFileSync(new URL('../cron/crontab', import.meta.url), 'utf8'), {
  env: { API_URL: 'http://gateway', CRON_SECRET: 'secret' },
  timeout: '5m',
})

interface Setup {
  readonly manual: ManualScheduler
  readonly db: Queries
  readonly agent: ReturnType<typeof defineAllJobs>['agent']
}

function setUp(query: Queries['query'], { isScheduled = true, ...more }: Partial<Parameters<typeof defineAllJobs>[0]> = {}): Setup {
  const queries: Queries = { query }
  const db = { ...queries, transaction: (work: (tx: Queries) => Promise<unknown>) => work(queries) } as Database
  const { jobs, agent } = defineAllJobs({
    db,
    transact: (_, work) => work(queries),
    isScheduled,
    now: () => manual.clock.now(),
    scheduler: () => manual.scheduler,
    source: { read: () => Promise.reject(new Error('not reached')) },
    ...more,
  })
  const manual = manualScheduler({ jobs, startAt: START })
  return { manual, db, agent }
}

describe('the crontab', () => {
  it('is understood line by line', () => {
    expect(crontab.lines.filter(({ kind }) => kind === 'problem')).toEqual([])
    expect(crontab.jobs).toHaveLength(13)
  })

  it('has moved in: the same names, the same slots', async () => {
    const { manual } = setUp(async () => ({ rows: [] }))
    await manual.start()
    for (const line of crontab.lines) {
      if (line.kind !== 'job') continue
      const slots = (await manual.scheduler.preview(line.job, { count: 20, from: START })).map(({ slot }) => slot)
      const external = crontab.jobs.find(({ name }) => name === line.job)!.policy.schedules.map(({ schedule }) => schedule)
      expect([line.job, slots]).toEqual([line.job, nextSlots(external[0]!, { count: 20, from: START, job: line.job })])
    }
    await manual.stop()
  })

  it('calls addresses that the gateway serves', () => {
    const paths = crontab.lines.flatMap((line) => (line.kind === 'job' ? line.url.replace('$API_URL/api/v1/workers/', '') : []))
    const routes = new Set(Object.keys(WORKER_ROUTES))
    const names = new Set(crontab.jobs.map(({ name }) => name))
    expect(paths.filter((path) => !routes.has(path) && !names.has(path))).toEqual([])
  })

  it('runs for a week', async () => {
    const { manual } = setUp(async () => ({ rows: [] }))
    await manual.start()
    await manual.advance('7d')
    const counts = Object.groupBy(manual.events.of('run.succeeded'), ({ job }) => job)
    expect(Object.fromEntries(Object.entries(counts).map(([job, runs]) => [job, runs?.length]))).toEqual({
      'reset-credits': 7,
      'check-expirations': 7,
      'aggregate-analytics': 7,
      'sync-newsletter': 7,
      'process-sequences': 28,
      'update-segments': 7,
      'aggregate-hourly': 168,
      'compute-funnels': 7,
      'refresh-cohorts': 1,
      'orchestration-batch': 28,
      'orchestration-retry-failed': 168,
      'orchestration-cleanup': 1,
    })
    expect(manual.events.of('run.dead')).toEqual([])
    expect(await manual.scheduler.audit()).toMatchObject({ ok: true })
    await manual.stop()
  })

  it('can stay outside: then nothing runs by itself', async () => {
    const { manual } = setUp(async () => ({ rows: [] }), { isScheduled: false })
    await manual.start()
    await manual.advance('1d')
    expect(manual.events.of('run.started')).toEqual([])
    await manual.stop()
  })
})

describe('the batch', () => {
  it('runs as often as it is told', async () => {
    const { manual } = setUp(async () => ({ rows: [] }), { batchSchedule: '0 */2 * * *' })
    await manual.start()
    await manual.advance('1d')
    expect(manual.events.of('run.succeeded').filter(({ job }) => job === 'orchestration-batch')).toHaveLength(12)
    await manual.stop()
  })
})

describe('an agent whose repository does not answer', () => {
  const { query: agents } = agentRows({ developer: 6 })
  const written: unknown[] = []
  const query: Queries['query'] = async (sql, values) => {
    if (sql.includes('insert into gateway.agent_runs')) written.push(values?.[4])
    if (sql.includes('from gateway.github_analyses')) return { rows: [] }
    return sql.includes('select repository from gateway.projects') ? { rows: [{ repository: 'printverse/slicer' }] } : agents(sql, values)
  }
  const source: RepositorySource = {
    read: (_, __, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  }

  it('has failed when its time is over, and not when it was cancelled', async () => {
    const { manual, agent } = setUp(query, { source, isScheduled: false })
    const ask = () => manual.scheduler.trigger(agent, { projectId: PROJECTS.slicer, agent: 'developer' })
    await manual.start()
    const cancelled = await ask()
    await manual.advance('1m')
    await manual.scheduler.runs.cancel(cancelled.id)
    await manual.advance('1m')
    expect(await manual.scheduler.runs.get(cancelled.id)).toMatchObject({ state: 'cancelled' })
    expect(written).toEqual([])
    const late = await ask()
    await manual.advance('3m')
    expect(await manual.scheduler.runs.get(late.id)).toMatchObject({ state: 'dead' })
    expect(written).toEqual(['failed'])
    await manual.stop()
  })
})

/** Two agents, and no findings: each run ends with a verdict. */
function agentRows(frequencies: Readonly<Record<string, number>>): {
  readonly query: Queries['query']
  readonly verdicts: [string, string][]
} {
  const lastRunAt = new Map<string, number>()
  const verdicts: [string, string][] = []
  const query: Queries['query'] = async (sql, values = []) => {
    if (sql.startsWith('update gateway.agent_settings set last_run_at')) {
      const [, agent, at] = values as [string, string, string]
      lastRunAt.set(agent, Date.parse(at))
      verdicts.push([agent, at])
    }
    if (sql.includes('from gateway.github_analyses')) return { rows: [{ metrics: {}, findings: [] }] }
    if (!sql.includes('from gateway.agent_settings s')) return { rows: [] }
    const settings = { autonomousMode: 'suggest', minConfidenceScore: 0.5, maxPerRun: 1, cooldownHours: 1, scheduleActive: true }
    const rows = Object.entries(frequencies).map(([agent, frequencyHours]) => ({
      projectId: PROJECTS.slicer,
      agent,
      ...settings,
      frequencyHours,
      isSyncEnabled: true,
      lastRunAt: lastRunAt.get(agent) ?? null,
    }))
    return { rows }
  }
  return { query, verdicts }
}

describe('schedules of agents', () => {
  it('run every frequency_hours, once where a slot and the batch meet', async () => {
    const { query, verdicts } = agentRows({ developer: 6, researcher: 1, designer: 168 })
    const { manual, db, agent } = setUp(query)
    await manual.start()
    await followSettings(db, manual.scheduler, agent)
    await manual.advance('7d')
    const at = (name: string): readonly string[] => verdicts.filter(([one]) => one === name).map(([, instant]) => instant)
    const every = (hours: number): string[] =>
      Array.from({ length: Math.ceil(168 / hours) }, (_, index) =>
        new Date(Date.parse('2026-03-02T00:00:00Z') + (index + 1) * hours * 3_600_000).toISOString(),
      ).filter((instant) => instant < '2026-03-09T00:30')
    expect(at('developer')).toEqual(every(6))
    expect(at('researcher')).toEqual(every(1))
    // The batch finds it due at six; the weekly slot, on Thursdays, comes too soon after that.
    expect(at('designer')).toEqual(['2026-03-02T06:00:00.000Z'])
    expect((await manual.scheduler.health()).status).toBe('ok')
    await manual.stop()
  })
})
