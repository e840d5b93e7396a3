/** The service on one embedded database: its figures against a count in plain code, its endpoints, its end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aggregate } from '../src/aggregate/aggregate.ts'
import { DAY_MS, HOUR_MS, startOfDay } from '../src/db/time.ts'
import type { Calculation, Span } from '../src/load/rows.ts'
import { poll } from './support/poll.ts'
import { createSite, type Site } from './support/site.ts'

let site: Site
beforeAll(async () => {
  site = await createSite({ days: 4 })
  await site.start({ ENABLE_TEST_ENDPOINTS: 'true' })
})
afterAll(() => site.close())

const ago = (ms: number): number => Date.now() - ms
const aSpan = (over: Partial<Span>): Span => ({
  ...{ spanId: 'late-1', userId: 'user-late', entityType: 'agent', entityId: 'support', spanType: 'AGENT_RUN', status: 'completed' },
  ...{ startedAt: ago(2 * DAY_MS), durationMs: 500, provider: null, model: null, inputTokens: 1, outputTokens: 2, costMicros: 30 },
  ...over,
})
const aCalculation = (id: string, over: Partial<Calculation> = {}): Calculation => ({
  ...{ id, createdAt: Date.now(), publisherId: 'north', source: 'web', cacheHit: true, failed: false, responseTimeMs: 3 },
  ...over,
})

async function call(method: string, path: string): Promise<{ status: number; body: { data?: unknown; error?: unknown } }> {
  const response = await fetch(`${site.url}${path}`, { method })
  return { status: response.status, body: (await response.json()) as { data?: unknown } }
}

async function settledFigures(): ReturnType<Site['compare']> {
  await site.settled()
  return site.compare()
}

it('fills from what is there: hours, days, models, calculations, to the row', async () => {
  const { stored, expected } = await settledFigures()
  expect(stored).toEqual(expected)
  for (const figures of Object.values(expected)) expect(Object.keys(figures as object).length).toBeGreaterThan(10)
})

describe('what changes afterwards counts, however late', () => {
  it('rows that come days late', async () => {
    await site.put({
      spans: [
        aSpan({}),
        aSpan({ spanId: 'late-2', startedAt: ago(3.5 * DAY_MS), spanType: 'MODEL_GENERATION', provider: 'x', model: 'new' }),
      ],
      calculations: [aCalculation('late-c', { createdAt: ago(3 * DAY_MS), source: 'api' })],
    })
    const { stored, expected } = await settledFigures()
    expect(stored).toEqual(expected)
  })

  it('a run that ends, fails, or is moved to another hour', async () => {
    const runs = [...site.spans.values()].filter(({ spanType }) => spanType === 'AGENT_RUN').slice(3, 8)
    const changed = runs.map((run, n) => ({
      ...run,
      status: 'failed' as const,
      startedAt: run.startedAt + n * HOUR_MS,
      durationMs: 9_000 + n,
    }))
    await site.put({ spans: changed })
    const { stored, expected } = await settledFigures()
    expect(stored).toEqual(expected)
  })

  it('rows that are deleted, with the groups that nothing is left of', async () => {
    await site.db.query(`delete from analytics.execution_spans where user_id = 'user-ada' and started_at < now() - interval '2 days'`)
    await site.db.query(`delete from analytics.execution_spans where model = 'new'`)
    await site.db.query(`delete from analytics.calculation_logs where source = 'widget'`)
    const since = ago(2 * DAY_MS)
    for (const [id, { userId, startedAt, model }] of site.spans)
      if ((userId === 'user-ada' && startedAt < since) || model === 'new') site.spans.delete(id)
    for (const [id, { source }] of site.calculations) if (source === 'widget') site.calculations.delete(id)
    const { stored, expected } = await settledFigures()
    expect(stored).toEqual(expected)
  })
})

describe('GET /health/rollup', () => {
  it('answers in the shape of the document', async () => {
    const { status, body } = await call('GET', '/health/rollup')
    expect(status).toBe(200)
    expect(body).toEqual({
      data: { status: 'ok', running: false, healthy: true, last_run: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
    })
  })
})

describe('POST /internal/rollup/trigger', () => {
  it('answers when the rollup has run, and what was written before is counted, late or not', async () => {
    await site.settled()
    await site.put({ calculations: [aCalculation('now-1'), aCalculation('now-2', { createdAt: ago(2 * DAY_MS) })] })
    const { status, body } = await call('POST', '/internal/rollup/trigger')
    const { stored, expected } = await site.compare()
    expect((stored as { calculations: object }).calculations).toEqual((expected as { calculations: object }).calculations)
    expect(status).toBe(200)
    expect(body).toEqual({
      data: { status: 'triggered', request_id: expect.stringMatching(/^[^/]+\/[\w-]+-\d{6}$/), message: 'Rollup executed successfully' },
    })
  })

  it('again changes nothing', async () => {
    const before = await site.compare()
    expect((await call('POST', '/internal/rollup/trigger')).status).toBe(200)
    expect(await site.compare()).toEqual(before)
  })

  it('hears of other methods and places', async () => {
    expect(await call('GET', '/internal/rollup/trigger')).toMatchObject({ status: 405 })
    expect(await call('GET', '/internal/rollup')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
  })
})

it('a batch of calculations is counted after the debounce, many batches as one', async () => {
  await site.settled()
  const from = site.lines.length
  for (let n = 0; n < 250; n++) {
    const one = aCalculation(`batch-${n}`)
    site.calculations.set(one.id, one)
    site.service.calculations.log(one)
  }
  await site.service.calculations.flush()
  const { stored, expected } = await settledFigures()
  expect(stored).toEqual(expected)
  const lines = site.lines.slice(from).map((line) => line.slice(20))
  expect(lines.filter((line) => line === 'DEBUG debounced rollup scheduled delay_seconds=0.2')).toHaveLength(3)
  const completed = lines.filter((line) => line === 'DEBUG debounced rollup completed')
  expect(completed.length).toBeGreaterThan(0)
  expect(completed.length).toBeLessThan(3)
})

it('the view is refreshed after the days', async () => {
  const rows = `select user_id, executions from analytics.recent_activity_summary order by 1, 2`
  const before = (await site.db.query(rows)).rows
  await site.put({ spans: [aSpan({ spanId: 'view', userId: 'user-view' })] })
  await poll('the view', async () => JSON.stringify((await site.db.query(rows)).rows) !== JSON.stringify(before))
  expect((await site.db.query(rows)).rows).toContainEqual({ user_id: 'user-view', executions: 1 })
})

it('the page shows what is rolled up beside what is raw', async () => {
  const response = await fetch(site.url)
  const html = await response.text()
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(html.match(/<svg /g)).toHaveLength(4)
  const [calculations] = html.split('</figure>')
  expect(calculations).toContain('class="right"')
  expect(calculations).not.toContain('class="wrong"')
})

it('writes the lines of the old scheduler', () => {
  const lines = site.lines.map((line) => line.replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, ''))
  expect(lines).toContain('INFO rollup scheduler started interval_hours=1 debounce_seconds=0.2')
  expect(lines).toContain('Rollup scheduler initialized (interval: 1 hours)')
  expect(lines).toContain('INFO starting calculation stats rollup')
  expect(lines).toContainEqual(expect.stringMatching(/^INFO rollup completed successfully duration_ms=\d+ dates_processed=2$/))
  const troubles = lines.filter((line) => /^(WARN|ERROR)/.test(line))
  expect(troubles.filter((line) => line !== 'WARN rollup already running, skipping immediate trigger queued=true')).toEqual([])
})

it('verify finds nothing, and finds what somebody spoilt', async () => {
  const { scheduler, rollups } = site.service
  await site.settled()
  const range = { from: startOfDay(ago(3 * DAY_MS)), to: startOfDay(Date.now()), sample: 'all' as const }
  for (const rollup of [rollups.hourly, rollups.daily, rollups.models, rollups.calculations])
    expect(await scheduler.rollups.verify(rollup, range)).toMatchObject({ drift: [] })
  await site.db.query(
    `update analytics.daily_analytics set executions = executions + 1 where user_id = 'user-ben' and entity_id = 'support'`,
  )
  expect((await scheduler.rollups.verify(rollups.daily, range)).drift.length).toBeGreaterThan(0)
  const backfill = await scheduler.backfill(rollups.daily, { last: '5d' })
  expect(await backfill.finished({ timeout: '10s' })).toMatchObject({ state: 'finished', failed: 0 })
  const { stored, expected } = await settledFigures()
  expect(stored).toEqual(expected)
})

it('analytics:aggregate fills days, and says how far it is', async () => {
  const { scheduler, rollups } = site.service
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  await site.db.query(`delete from analytics.hourly_analytics`)
  expect(await aggregate({ kind: 'backfill', range: { last: '5d' } }, { scheduler, rollups, write })).toBe(true)
  expect(lines).toContain('[████████████████████] 100 %  daily-analytics: 5 of 5 windows')
  expect(lines.at(-1)).toBe('recent-activity-summary: refreshed')
  const { stored, expected } = await settledFigures()
  expect(stored).toEqual(expected)
  expect(await aggregate({ kind: 'backfill', range: { date: '2023-01-01' } }, { scheduler, rollups, write })).toBe(false)
  expect(lines.at(-1)).toMatch(/^failed: .*lies before its start/)
  await site.put({ spans: [aSpan({ spanId: 'swept', startedAt: ago(26 * HOUR_MS) })] })
  expect(await aggregate({ kind: 'sweep', of: 'daily' }, { scheduler, rollups, write })).toBe(true)
  const after = await settledFigures()
  expect(after.stored).toEqual(after.expected)
})

it('suspended, it stands still; resumed, it catches up', async () => {
  const { scheduler, rollups } = site.service
  await scheduler.suspend(rollups.hourly, 'the database is busy')
  await site.put({ spans: [aSpan({ spanId: 'while-suspended', startedAt: ago(30 * HOUR_MS) })] })
  const windows = { from: ago(31 * HOUR_MS), to: ago(28 * HOUR_MS) }
  await poll('a dirty window', async () => (await scheduler.rollups.windows(rollups.hourly, windows)).length > 0)
  expect(await scheduler.runs.find({ job: rollups.hourly, state: 'running' })).toEqual([])
  expect((await scheduler.health()).rollups.find(({ rollup }) => rollup === 'hourly-analytics')).toMatchObject({ status: 'suspended' })
  await scheduler.resume(rollups.hourly)
  const { stored, expected } = await settledFigures()
  expect(stored).toEqual(expected)
})

describe('stopped', () => {
  it('in the middle of a rollup, it lets it finish, and answers who asked for it', async () => {
    await site.settled()
    const from = site.lines.length
    const answer = call('POST', '/internal/rollup/trigger')
    await poll('a rollup', () => site.lines.slice(from).some((line) => line.endsWith('starting calculation stats rollup')))
    await site.service.stop()
    expect(await answer).toMatchObject({ status: 200 })
    const lines = site.lines.slice(from).map((line) => line.slice(20).split(' duration_ms')[0])
    expect(lines).toContain('INFO rollup completed successfully')
    expect(lines.at(-1)).toBe('INFO rollup scheduler stopped')
    await site.start()
  })

  it('with changes still gathering, it loses none: the next one counts them', async () => {
    await site.settled()
    await site.service.stop()
    await site.start({ ROLLUP_DEBOUNCE_SECONDS: '600', ENABLE_TEST_ENDPOINTS: 'false' })
    await site.settled()
    await site.put({ calculations: [aCalculation('pending')], spans: [aSpan({ spanId: 'pending' })] })
    await site.service.stop()
    expect(site.lines.slice(-2).map((line) => line.slice(20))).toEqual([
      'INFO stopping rollup scheduler...',
      'INFO rollup scheduler stopped',
    ])
    await site.start({ ENABLE_TEST_ENDPOINTS: 'false' })
    const { stored, expected } = await settledFigures()
    expect(stored).toEqual(expected)
  })

  it('the trigger is closed unless it is opened', async () => {
    expect(await call('POST', '/internal/rollup/trigger')).toMatchObject({
      status: 403,
      body: { error: { code: 'FORBIDDEN', message: 'Test endpoints are disabled', request_id: expect.any(String) } },
    })
  })
})

it('the audit finds every slot accounted for', async () => {
  expect(await site.service.scheduler.audit()).toMatchObject({ ok: true, complete: true, violations: [] })
})
