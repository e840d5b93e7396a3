/** `pnpm demo`: the whole service on an embedded database, a story of late rows, and a report. `--keep` leaves it running. */
import type { Scheduler } from '@quarterjack/core'
import { aggregate } from './aggregate/aggregate.ts'
import { type Config, readConfig } from './config.ts'
import { openDatabase } from './db/open-database.ts'
import { DAY_MS, dayOf } from './db/time.ts'
import { comeToRest } from './demo/come-to-rest.ts'
import { calculationsNow, writeLateRows } from './demo/late-rows.ts'
import { recompute } from './demo/recompute.ts'
import { type Check, formatAudit, formatHealth, formatRuns, formatTotals } from './demo/report.ts'
import { keepWriting } from './load/keep-writing.ts'
import { type AnalyticsService, createAnalyticsService } from './service/analytics-service.ts'

const KEEP = process.argv.includes('--keep')
const ENVIRONMENT = {
  PORT: process.env.PORT || '0',
  GENERATE_DAYS: '10',
  HISTORY_START: dayOf(Date.now() - 14 * DAY_MS),
  ROLLUP_DEBOUNCE_SECONDS: '0.5',
  ENABLE_TEST_ENDPOINTS: 'true',
  ALERT_SECONDS: '1',
  LOG_LEVEL: 'debug',
}

process.exitCode = await demo()

async function demo(): Promise<number> {
  const checks: Check[] = []
  const check = (claim: string, ok: boolean): void => void checks.push({ claim, ok })
  const write = (line: string): void => console.log(`   │ ${line}`)
  const config = readConfig(ENVIRONMENT)

  title('Two analytics jobs, rebuilt with Quarterjack: a Go scheduler with a debounce, and two Kubernetes CronJobs')
  text(
    `PGlite in this process; only the environment differs: ${Object.entries(ENVIRONMENT)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
  )
  const db = await openDatabase()
  const boot = async (changes: Partial<Config> = {}): Promise<{ service: AnalyticsService; url: string }> => {
    const service = await createAnalyticsService({ ...config, ...changes }, { db, write })
    return { service, url: await service.listen() }
  }
  let { service, url } = await boot()
  try {
    title('1. It listens before it is initialised, and then fills ten days of hours and days by itself')
    const early = await fetch(`${url}/internal/rollup/trigger`, { method: 'POST' })
    check(`before initialisation the trigger answers 503: ${await messageOf(early)}`, early.status === 503)
    await service.start()
    await settled(service.scheduler)
    const first = await totals()
    check('ten days filled: every total equals a recomputation', areEqual(first))

    title('2. Rows come late, runs turn out to have failed, a user is deleted')
    const late = await writeLateRows(db, Date.now())
    text(
      `${late.added} spans up to nine days late, ${late.changed} changed, ${late.deleted} deleted. Nobody is told; triggers mark their hours.`,
    )
    await settled(service.scheduler)
    const second = await totals()
    text(formatTotals(second))
    check(
      `${late.added} late, ${late.changed} changed and ${late.deleted} deleted rows are counted, in hours, days and models`,
      areEqual(second) && !isSame(first, second),
    )

    title('3. A batch of calculations is flushed: one refresh, half a second later; and the manual trigger')
    for (const one of calculationsNow(230, Date.now(), 'batch')) service.calculations.log(one)
    await service.calculations.flush()
    await settled(service.scheduler)
    const triggered = await fetch(`${url}/internal/rollup/trigger`, { method: 'POST' })
    text(`POST /internal/rollup/trigger ${triggered.status} ${await triggered.text()}`)
    check(
      '230 calculations are counted before today is over, and the trigger answers 200',
      triggered.status === 200 && areEqual(await totals()),
    )

    title('4. Somebody spoils a figure; verify finds it, a backfill mends it, while an hourly job is suspended and resumed')
    const { scheduler, rollups } = service
    await db.query(`update analytics.daily_analytics set executions = executions + 7 where user_id = 'user-ada'`)
    const range = { from: new Date(Date.now() - 8 * DAY_MS), to: new Date(), sample: 'all' as const }
    const spoilt = await scheduler.rollups.verify(rollups.daily, range)
    await scheduler.suspend(rollups.hourly, 'a look at the database')
    await scheduler.resume(rollups.hourly)
    const isFilled = await aggregate({ kind: 'backfill', range: { last: '10d' } }, { scheduler, rollups, write: (line) => text(line) })
    const mended = await scheduler.rollups.verify(rollups.daily, range)
    check(
      `verify found ${spoilt.drift.length} wrong rows, and after the backfill ${mended.drift.length}`,
      spoilt.drift.length > 0 && mended.drift.length === 0 && isFilled,
    )

    title('5. It stops while changes are still being gathered, and another process takes over; its test endpoints are closed')
    await service.stop()
    ;({ service, url } = await boot({ debounceSeconds: 600, isTestable: false }))
    await service.start()
    await settled(service.scheduler)
    for (const one of calculationsNow(25, Date.now(), 'pending')) service.calculations.log(one)
    await service.stop()
    const waiting = await totals()
    ;({ service, url } = await boot({ isTestable: false }))
    await service.start()
    await settled(service.scheduler)
    check(
      '25 calculations that waited for their debounce at the stop were counted by the next process',
      !areEqual(waiting) && areEqual(await totals()),
    )
    const closed = await fetch(`${url}/internal/rollup/trigger`, { method: 'POST' })
    check(`without ENABLE_TEST_ENDPOINTS the trigger answers 403: ${await messageOf(closed)}`, closed.status === 403)

    title('6. What the scheduler knows')
    const [health, audit, runs] = [
      await service.scheduler.health(),
      await service.scheduler.audit(),
      await service.scheduler.runs.find({ limit: 1_000 }),
    ]
    const answer = await fetch(`${url}/health/rollup`)
    text('What ran:', formatRuns(runs), '', 'Totals:', formatTotals(await totals()), '', 'Health:', formatHealth(health))
    text(
      `GET /health/rollup ${answer.status} ${await answer.text()}`,
      '',
      `Audit, every slot worked out anew and looked up: ${formatAudit(audit)}`,
    )
    check('it is healthy', answer.status === 200 && health.status === 'ok')
    check(
      'no run is dead',
      runs.every(({ state }) => state !== 'dead'),
    )
    check('the audit found every slot accounted for', audit.ok && audit.complete && audit.proven > 0)

    title('7. What had to be true')
    text(...checks.map(({ claim, ok }) => `${ok ? '✓' : '✗ NOT TRUE:'} ${claim}`))
    if (KEEP) await keep(service, url)
  } finally {
    await service.stop()
    await db.close()
  }
  return checks.every(({ ok }) => ok) ? 0 : 1

  function totals() {
    return recompute(db, Date.now())
  }

  function settled(scheduler: Scheduler) {
    return comeToRest(scheduler, { besides: ['watch-alerts'] })
  }
}

async function keep({ db, calculations }: AnalyticsService, url: string): Promise<void> {
  title(`It goes on, with new rows all the time: ${url} (Ctrl+C ends it)`)
  const ended = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ended.abort())
  await keepWriting({ db, calculations }, ended.signal)
}

function areEqual(totals: Awaited<ReturnType<typeof recompute>>): boolean {
  return totals.every(({ rolledUp, raw }) => rolledUp === raw)
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

async function messageOf(response: Response): Promise<string> {
  return ((await response.json()) as { error?: { message?: string } }).error?.message ?? ''
}

function title(line: string): void {
  console.log(`\n${line}`)
}

function text(...blocks: readonly string[]): void {
  console.log(blocks.join('\n').replace(/^(?=.)/gm, '   '))
}
