/** Schemas that several endpoints share. */
import type { Duration } from '@quarterjack/core'
import * as z from 'zod/mini'
import { durationMs } from '../duration.ts'

const NAME_RULE = 'use 1 to 128 letters, digits, "_", ".", ":" or "-"'

export const jobName: z.ZodMiniType<string> = z.string().check(z.regex(/^[\w.:-]{1,128}$/, NAME_RULE))
export const runId: z.ZodMiniType<string> = z.string().check(z.regex(/^[\w.:-]{1,128}$/, NAME_RULE))
export const scheduleKey: z.ZodMiniType<string> = z
  .string()
  .check(z.minLength(1), z.maxLength(256), z.regex(/^\P{Cc}*$/u, 'must be without control characters'))
export const runKey: z.ZodMiniType<string> = z.string().check(z.maxLength(512), z.regex(/^\P{Cc}*$/u, 'must be without control characters'))
export const reason: z.ZodMiniType<string> = z.string().check(z.minLength(1), z.maxLength(1_000), z.regex(/\S/, 'must not be blank'))
export const cursor: z.ZodMiniType<string> = z.string().check(z.minLength(1), z.maxLength(1_024))
export const instant: z.ZodMiniType<string> = z.string().check(z.minLength(10), z.maxLength(40))
export const instantOrMs: z.ZodMiniType<string | number> = z.union([instant, z.number()])
/** ISO 8601, as answers have it. */
export const date: z.ZodMiniType<string> = z.string()
/** With its unit, as it stands in a query where a bare number would mean nothing. */
export const durationWithUnit: z.ZodMiniType<Duration> = z
  .string()
  .check(
    z.maxLength(32),
    z.regex(/^\d+(?:\.\d+)?\s*(?:ms|s|m|h|d|w|y)$/, 'use a duration with its unit, such as "90s"'),
  ) as z.ZodMiniType<string> as z.ZodMiniType<Duration>
export const duration: z.ZodMiniType<Duration> = z.union([
  durationWithUnit as z.ZodMiniType as z.ZodMiniType<string>,
  z.number().check(z.int(), z.gte(0)),
]) as z.ZodMiniType<string | number> as z.ZodMiniType<Duration>

/** A duration in a query, where everything is text. */
export const durationText: z.ZodMiniType<string> = z.string().check(
  z.maxLength(32),
  z.regex(/^\d+(?:\.\d+)?(?:ms|s|m|h|d)?$/, 'use a duration such as "90s"'),
  z.refine((text) => msOf(text) !== null, 'use a duration of whole milliseconds'),
)

/** Milliseconds of a {@link durationText}. */
export function msOf(text: string): number | null {
  return durationMs(/^\d+$/.test(text) ? Number(text) : text)
}

/** A whole number in a query, where everything is text. */
export function countText(least: number, most: number): z.ZodMiniType<number> {
  return z.coerce.number().check(z.int(), z.gte(least), z.lte(most))
}

/** How a problem looks (RFC 9457). */
export const problem: z.ZodMiniType = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string(),
  errors: z.optional(z.array(z.object({ path: z.string(), message: z.string() }))),
})
