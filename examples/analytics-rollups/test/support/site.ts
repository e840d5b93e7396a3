/** One database for a file of tests, and the service on it, with rows that the tests know. */
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase } from '../../src/db/open-database.ts'
import { select } from '../../src/db/queries.ts'
import { DAY_MS, HOUR_MS, startOfHour } from '../../src/db/time.ts'
import { generateLoad } from '../../src/load/generate.ts'
import type { Calculation, Span } from '../../src/load/rows.ts'
import { writeCalculations, writeSpans } from '../../src/load/write-rows.ts'
import { type AnalyticsService, createAnalyticsService } from '../../src/service/analytics-service.ts'
import { poll } from './poll.ts'
import { recountCalculations, recountModels, recountSpans } from './recount.ts'
import { storedCalculations, storedModels, storedSpans } from './stored-figures.ts'

export interface Site {
  readonly db: Database
  readonly lines: string[]
  service: AnalyticsService
  url: string
  /** The raw rows as they should be. */
  spans: Map<string, Span>
  calculations: Map<string, Calculation>
  put(rows: { readonly spans?: readonly Span[]; readonly calculations?: readonly Calculation[] }): Promise<void>
  /** Starts a new service on the same database. */
  start(env?: Readonly<Record<string, string>>): Promise<void>
  /** What is stored, beside what should be. */
  compare(): Promise<{ readonly stored: object; readonly expected: object }>
  /** Resolves when no rollup has anything left to do; hours and days that are not over wait for their end. */
  settled(): Promise<void>
  close(): Promise<void>
}

export async function createSite({ days }: { readonly days: number }): Promise<Site> {
  const db = await openDatabase()
  const now = Date.now()
  const { spans, calculations } = generateLoad({
    seed: 7,
    from: now - days * DAY_MS,
    to: now,
    executionsPerHour: 3,
    calculationsPerHour: 5,
  })
  const site: Site = {
    db,
    lines: [],
    service: undefined as unknown as AnalyticsService,
    url: '',
    spans: new Map(spans.map((span) => [span.spanId, span])),
    calculations: new Map(calculations.map((one) => [one.id, one])),
    async put(rows) {
      await writeSpans(db, rows.spans ?? [])
      await writeCalculations(db, rows.calculations ?? [])
      for (const span of rows.spans ?? []) site.spans.set(span.spanId, span)
      for (const one of rows.calculations ?? []) site.calculations.set(one.id, one)
    },
    async start(env = {}) {
      const config = readConfig({
        HISTORY_START: new Date(Date.now() - 60 * 86_400_000).toISOString().slice(0, 10),
        PORT: '0',
        GENERATE_DAYS: '0',
        ROLLUP_DEBOUNCE_SECONDS: '0.2',
        LOG_LEVEL: 'debug',
        ...env,
      })
      site.service = await createAnalyticsService(config, { db, write: (line) => site.lines.push(line) })
      site.url = await site.service.start()
    },
    async compare() {
      const all = [...site.spans.values()]
      // Windows are due five minutes after their end.
      const through = startOfHour(Date.now() - 5 * 60_000)
      return {
        stored: {
          hourly: await storedSpans(db, 'hourly_analytics'),
          daily: await storedSpans(db, 'daily_analytics'),
          models: await storedModels(db),
          calculations: await storedCalculations(db),
        },
        expected: {
          hourly: recountSpans(all, HOUR_MS, { through }),
          daily: recountSpans(all, DAY_MS, { through }),
          models: recountModels(all, { through }),
          calculations: recountCalculations([...site.calculations.values()]),
        },
      }
    },
    settled: () =>
      poll('all rollups at rest', async () => {
        const read = `select from quarterjack.marks m join quarterjack.mark_sources s on s.name = m.source`
        const [{ marks } = { marks: true }] = await select<{ marks: boolean }>(db, `select exists (${read}) as marks`)
        const { rollups, jobs } = await site.service.scheduler.health()
        return (
          !marks && rollups.every(({ dirtyMs, held, lagMs }) => dirtyMs + held + lagMs === 0) && jobs.every(({ running }) => running === 0)
        )
      }).then(() => undefined),
    async close() {
      await site.service.stop().catch(() => undefined)
      await db.close()
    },
  }
  await writeSpans(db, spans)
  await writeCalculations(db, calculations)
  return site
}
