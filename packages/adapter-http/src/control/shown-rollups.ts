/** Rollups, their windows and backfills as the API shows them. */
import type { Rollup, RollupHealth, WindowView } from '@quarterjack/core'
import * as z from 'zod/mini'
import { date } from '../endpoint/schemas.ts'
import { errorSchema, showError } from './shown.ts'

export const select: z.ZodMiniType<'missing' | 'failed' | 'dirty' | 'all'> = z.enum(['missing', 'failed', 'dirty', 'all'])
export const order: z.ZodMiniType<'newest' | 'oldest'> = z.enum(['newest', 'oldest'])

export const rollupSchema: z.ZodMiniType = z.object({
  rollup: z.string(),
  status: z.enum(['ok', 'degraded', 'unhealthy', 'suspended', 'stopped']),
  freshness: z.nullable(z.enum(['ok', 'late', 'stale'])),
  why: z.array(z.string()),
  watermark: z.nullable(date),
  dueThrough: z.nullable(date),
  lagMs: z.number(),
  dirtyMs: z.number(),
  isOnTarget: z.boolean(),
  dirty: z.number(),
  held: z.number(),
  failed: z.number(),
  suspect: z.number(),
  sealed: z.number(),
  pace: z.nullable(z.object({ waitMs: z.number(), maxWaitMs: z.number(), windowMs: z.nullable(z.number()), batch: z.number() })),
  policy: z.object({
    grain: z.string(),
    timeZone: z.string(),
    start: date,
    sources: z.array(z.string()),
    after: z.array(z.string()),
    graceMs: z.number(),
    live: z.boolean(),
    lookback: z.number(),
    allowedLatenessMs: z.number(),
    retainMs: z.nullable(z.number()),
    targetLagMs: z.number(),
    warnAfterMs: z.number(),
    errorAfterMs: z.number(),
  }),
})

export const windowSchema: z.ZodMiniType = z.object({
  start: date,
  end: date,
  dirtySince: z.nullable(date),
  refreshedAt: z.nullable(date),
  attempts: z.number(),
  error: z.nullable(errorSchema),
  retryAt: z.nullable(date),
  suspect: z.nullable(z.string()),
  backfill: z.nullable(z.string()),
  runId: z.nullable(z.string()),
})

const plan = { rollup: z.string(), from: date, to: date, select, order, concurrency: z.number(), windows: z.number() }

export const planSchema: z.ZodMiniType = z.object({ ...plan, grain: z.string() })

export const backfillSchema: z.ZodMiniType = z.object({
  id: z.string(),
  ...plan,
  state: z.enum(['running', 'paused', 'cancelled', 'finished']),
  reason: z.nullable(z.string()),
  done: z.number(),
  failed: z.number(),
  total: z.number(),
  isEstimated: z.boolean(),
  share: z.number(),
  perSecond: z.nullable(z.number()),
  remainingMs: z.nullable(z.number()),
  createdAt: date,
  finishedAt: z.nullable(date),
})

/** How it is, and what it was defined as. */
export function showRollup({ policy }: Rollup, health: RollupHealth): Readonly<Record<string, unknown>> {
  const { windows, planning, freshness } = policy
  return {
    ...health,
    policy: {
      grain: windows.grain.text,
      timeZone: windows.zone.name,
      start: new Date(planning.startAt),
      sources: policy.sources,
      after: policy.after,
      graceMs: planning.graceMs,
      live: planning.isLive,
      lookback: planning.lookback,
      allowedLatenessMs: planning.latenessMs,
      retainMs: planning.retainMs,
      ...freshness,
    },
  }
}

export function showWindow(window: WindowView): Readonly<Record<string, unknown>> {
  return { ...window, error: showError(window.error) }
}
