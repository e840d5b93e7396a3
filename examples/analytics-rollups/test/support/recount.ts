/** What the tables of figures should hold, counted from rows in plain code: no SQL, none of the service's own counting. */
import type { Calculation, Span } from '../../src/load/rows.ts'

/** Figures by a key of window and groups, all whole numbers. */
export type Figures = Readonly<Record<string, readonly number[]>>

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export interface Bounds {
  /** Windows that end after this are not due yet. */
  readonly through: number
}

/** Executions, failures, tokens in and out, cost in micro-dollars, sum and number of durations. */
export function recountSpans(spans: readonly Span[], stepMs: number, { through }: Bounds): Figures {
  return fold(spans, ({ startedAt, userId, entityType, entityId, spanType, ...span }) => {
    const window = Math.floor(startedAt / stepMs) * stepMs
    if (window + stepMs > through) return null
    const isRun = spanType.endsWith('_RUN')
    const tokens = [span.inputTokens, span.outputTokens, span.costMicros]
    const ran = isRun && span.durationMs !== null
    return {
      key: `${new Date(window).toISOString()} ${userId} ${entityType} ${entityId}`,
      adds: [isRun ? 1 : 0, isRun && span.status === 'failed' ? 1 : 0, ...tokens, ran ? (span.durationMs ?? 0) : 0, ran ? 1 : 0],
    }
  })
}

/** Calls, failures, tokens in and out, cost, sum and number of durations. */
export function recountModels(spans: readonly Span[], { through }: Bounds): Figures {
  return fold(spans, ({ startedAt, spanType, provider, model, status, inputTokens, outputTokens, costMicros, durationMs }) => {
    const window = Math.floor(startedAt / DAY_MS) * DAY_MS
    if (window + DAY_MS > through || spanType !== 'MODEL_GENERATION') return null
    const adds = [1, status === 'failed' ? 1 : 0, inputTokens, outputTokens, costMicros, durationMs ?? 0, durationMs === null ? 0 : 1]
    return { key: `${new Date(window).toISOString()} ${provider} ${model}`, adds }
  })
}

/** Calculations, cache hits, failures, sum and number of response times. Today counts, too. */
export function recountCalculations(calculations: readonly Calculation[]): Figures {
  return fold(calculations, ({ createdAt, publisherId, source, cacheHit, failed, responseTimeMs }) => ({
    key: `${new Date(Math.floor(createdAt / DAY_MS) * DAY_MS).toISOString()} ${publisherId} ${source}`,
    adds: [1, cacheHit ? 1 : 0, failed ? 1 : 0, responseTimeMs, 1],
  }))
}

function fold<Row>(rows: readonly Row[], read: (row: Row) => { readonly key: string; readonly adds: readonly number[] } | null): Figures {
  const figures: Record<string, number[]> = {}
  for (const row of rows) {
    const found = read(row)
    if (found === null) continue
    const sums = figures[found.key] ?? found.adds.map(() => 0)
    figures[found.key] = sums.map((sum, n) => sum + (found.adds[n] ?? 0))
  }
  return figures
}
