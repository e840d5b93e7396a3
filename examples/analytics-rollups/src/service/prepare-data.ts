/** Before the scheduler starts: triggers on the raw tables, and something to aggregate where that was asked for. */
import { captureChanges } from '@quarterjack/adapter-pg'
import type { Database } from '../db/open-database.ts'
import { select } from '../db/queries.ts'
import { DAY_MS } from '../db/time.ts'
import { generateLoad } from '../load/generate.ts'
import { writeCalculations, writeSpans } from '../load/write-rows.ts'
import { type AnalyticsRollups, LOGS, SPANS } from '../rollups/define-rollups.ts'

export const SEED = 2025

/** Can be called at each start. */
export async function prepareData(
  db: Database,
  { calculations, hourly, models }: AnalyticsRollups,
  { generateDays, now }: { readonly generateDays: number; readonly now: number },
): Promise<void> {
  await db.store.open()
  if (generateDays > 0) await db.transaction((tx) => generate(tx, now - generateDays * DAY_MS, now))
  await captureChanges(db.client, { ...SPANS, rollups: [hourly, models] })
  await captureChanges(db.client, { ...LOGS, rollups: [calculations] })
}

async function generate(tx: Pick<Database, 'query'>, from: number, to: number): Promise<void> {
  const [{ isEmpty } = { isEmpty: false }] = await select<{ isEmpty: boolean }>(
    tx,
    `select not exists (select from analytics.execution_spans) as "isEmpty"`,
  )
  if (!isEmpty) return
  const load = generateLoad({ seed: SEED, from, to, executionsPerHour: 4, calculationsPerHour: 8 })
  await writeSpans(tx, load.spans)
  await writeCalculations(tx, load.calculations)
}
