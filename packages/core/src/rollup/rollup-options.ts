/** Checks the options of a rollup, all problems at once. */
import * as z from 'zod/mini'
import { linesOf, type NameHints, problemsOf } from '../errors/check-options.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { callableOption, countOption, isAbove, isName, NAME_RULE, nameOption, retryOption, schedulesOption } from '../job/job-options.ts'
import { durationOption as duration } from '../time/duration-option.ts'
import { toInstant } from '../time/instant.ts'
import { findZone } from '../time/zone.ts'
import { readGrain } from './grain.ts'
import type { Rollup } from './rollup.ts'

/** Most windows that are looked back at. */
const MOST_LOOKBACK = 1_000
const MOST_SOURCES = 20

/** What `read` accepts; its message, without the field that `read` was told, is the problem's. */
function readable(read: (value: unknown) => unknown): z.ZodMiniType {
  return z.unknown().check(({ value, issues }) => {
    try {
      read(value)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      issues.push({ code: 'custom', input: value, message: message.replace(/^value: /, '') })
    }
  })
}

/** Made for the first rollup that is defined: at the top of a module, it would be in the bundle of who defines none. */
let rollupOptions: z.ZodMiniType | null = null

function makeRollupOptions(): z.ZodMiniType {
  const source = z.string().check(z.minLength(1), z.maxLength(256))
  return z.strictObject({
    name: nameOption,
    grain: readable((value) => readGrain(value, 'value')),
    timeZone: z.optional(readable((value) => value === undefined || findZone(value, 'value'))),
    start: readable((value) => toInstant(value, 'value')),
    source: z.optional(z.union([source, z.array(source).check(z.maxLength(MOST_SOURCES))], 'use a name, or a list of at most 20')),
    capture: z.optional(z.enum(['complete', 'partial'])),
    schedule: z.optional(schedulesOption),
    runOnStart: z.optional(z.boolean()),
    grace: z.optional(duration(0)),
    live: z.optional(z.boolean()),
    lookback: z.optional(z.number().check(z.int(), z.gte(0), z.lte(MOST_LOOKBACK))),
    allowedLateness: z.optional(duration(0)),
    retain: z.optional(duration(1)),
    debounce: z.optional(
      z
        .strictObject({ wait: duration(0), maxWait: z.optional(duration(0)) })
        .check(z.refine(({ wait, maxWait }) => !isAbove(wait, maxWait), 'wait is longer than maxWait. Swap them.')),
    ),
    after: z.optional(z.array(z.custom<Rollup>(isRollup, 'must be a rollup, made with defineRollup()'))),
    batch: z.optional(
      z
        .strictObject({ start: z.optional(countOption(1)), most: z.optional(countOption(1)), target: z.optional(duration(1)) })
        .check(
          z.refine(
            ({ start, most }) => start === undefined || most === undefined || (start as number) <= (most as number),
            'start is more than most. Swap them.',
          ),
        ),
    ),
    concurrency: z.optional(countOption(1)),
    freshness: z.optional(
      z.strictObject({ targetLag: z.optional(duration(1)), warnAfter: z.optional(duration(1)), errorAfter: z.optional(duration(1)) }).check(
        z.refine(({ targetLag, warnAfter }) => !isAbove(targetLag, warnAfter), 'targetLag is longer than warnAfter. Swap them.'),
        z.refine(({ warnAfter, errorAfter }) => !isAbove(warnAfter, errorAfter), 'warnAfter is longer than errorAfter. Swap them.'),
        z.refine(({ targetLag, errorAfter }) => !isAbove(targetLag, errorAfter), 'targetLag is longer than errorAfter. Swap them.'),
      ),
    ),
    pacing: z.optional(
      z.strictObject({
        share: z.optional(z.number().check(z.refine((value) => value > 0 && value <= 1, 'must be above 0 and at most 1'))),
        most: z.optional(duration(0)),
      }),
    ),
    retry: z.optional(retryOption),
    timeout: z.optional(duration(1)),
    revision: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
    refresh: callableOption,
  })
}

/** What people try, and what it is called here. */
const HINTS: NameHints = {
  tz: 'write timeZone',
  timezone: 'write timeZone',
  interval: 'write grain',
  bucket: 'write grain',
  batchSize: 'write batch: { start, most }',
  begin: 'write start',
  run: 'write refresh: async ({ windows }, ctx) => {}',
  handler: 'write refresh: async ({ windows }, ctx) => {}',
  lateness: 'write allowedLateness',
  targetLag: 'write freshness: { targetLag }',
  health: 'write freshness: { warnAfter, errorAfter }; its windows tell whether it is stale',
  staleAfter: 'write freshness: { errorAfter }',
  warnAfter: 'write freshness: { warnAfter }',
  errorAfter: 'write freshness: { errorAfter }',
  retention: 'write retain',
  version: 'write revision',
  delay: 'write grace',
  table: 'write source',
  sources: 'write source: [ … ]',
}

/** Throws `InvalidName` or `InvalidOption` that lists every problem with field, value and remedy. */
export function validateRollupOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new QuarterjackError(
      'InvalidOption',
      `defineRollup: ${shown(options)} is not a rollup. Write defineRollup({ name, grain, start, refresh }).`,
    )
  }
  rollupOptions ??= makeRollupOptions()
  const problems = problemsOf(rollupOptions, options, HINTS)
  if (problems.length === 0) return
  const { name } = options as { readonly name?: unknown }
  if (!isName(name)) throw new QuarterjackError('InvalidName', `rollup name ${shown(name)} is not valid: ${NAME_RULE}.${alsoOf(problems)}`)
  throw new QuarterjackError('InvalidOption', `rollup "${name}" has invalid options:${linesOf(problems)}`)
}

function alsoOf(problems: ReturnType<typeof problemsOf>): string {
  const others = problems.filter(({ field }) => field !== 'name')
  return others.length === 0 ? '' : ` It also has invalid options:${linesOf(others)}`
}

function isRollup(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { readonly kind?: unknown }).kind === 'rollup'
}
