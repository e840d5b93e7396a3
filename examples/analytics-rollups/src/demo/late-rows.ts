/** What happens to raw rows long after their day was aggregated. */
import type { Queries } from '../db/queries.ts'
import { DAY_MS, HOUR_MS } from '../db/time.ts'
import { createDice } from '../load/dice.ts'
import type { Calculation, Span } from '../load/rows.ts'
import { writeSpans } from '../load/write-rows.ts'

export interface LateRows {
  readonly added: number
  readonly changed: number
  readonly deleted: number
}

/** Spans that an offline worker sends days later; runs that turn out to have failed; a user who wants their data gone. */
export async function writeLateRows(db: Queries, now: number): Promise<LateRows> {
  const dice = createDice(11)
  const spans = Array.from({ length: 40 }, (_, n): Span => {
    const isRun = n % 2 === 0
    return {
      ...{ spanId: `late-${n}`, userId: 'user-offline', entityType: 'agent', entityId: 'research', status: 'completed' },
      ...{ spanType: isRun ? 'AGENT_RUN' : 'MODEL_GENERATION', startedAt: now - dice.whole(2 * HOUR_MS, 9 * DAY_MS) },
      ...{ durationMs: dice.whole(100, 900), provider: isRun ? null : 'openai', model: isRun ? null : 'gpt-5' },
      ...{ inputTokens: isRun ? 0 : 1_000, outputTokens: isRun ? 0 : 100, costMicros: isRun ? 0 : 2_250 },
    }
  })
  await writeSpans(db, spans)
  const changed = await db.query(
    `update analytics.execution_spans set status = 'failed' where span_type = 'WORKFLOW_RUN' and started_at < now() - interval '6 days' returning 1`,
  )
  const deleted = await db.query(
    `delete from analytics.execution_spans where user_id = 'user-cy' and started_at < now() - interval '3 days' returning 1`,
  )
  return { added: spans.length, changed: changed.rows.length, deleted: deleted.rows.length }
}

export function calculationsNow(count: number, now: number, name: string): readonly Calculation[] {
  return Array.from({ length: count }, (_, n) => ({
    ...{ id: `${name}-${n}`, createdAt: now, publisherId: 'north', source: 'api' },
    ...{ cacheHit: n % 3 > 0, failed: false, responseTimeMs: 5 + n },
  }))
}
