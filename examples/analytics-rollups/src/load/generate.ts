/** Spans and calculations of a service that is busier by day than by night. Pure: the same seed and range make the same rows. */
import { DAY_MS, HOUR_MS, startOfHour } from '../db/time.ts'
import { createDice, type Dice } from './dice.ts'
import type { Calculation, Span } from './rows.ts'

export interface LoadOptions {
  readonly seed: number
  /** Rows begin in `[from, to)`, epoch ms. */
  readonly from: number
  readonly to: number
  /** On average. */
  readonly executionsPerHour: number
  readonly calculationsPerHour: number
}

export interface Load {
  readonly spans: readonly Span[]
  readonly calculations: readonly Calculation[]
}

/** Dollars per million tokens, in and out. */
const MODELS = [
  { provider: 'openai', model: 'gpt-5-mini', price: [0.25, 2] },
  { provider: 'openai', model: 'gpt-5', price: [1.25, 10] },
  { provider: 'anthropic', model: 'claude-haiku-4-5', price: [1, 5] },
  { provider: 'google', model: 'gemini-2.5-flash', price: [0.3, 2.5] },
] as const
const ENTITIES = [
  { entityType: 'workflow', entityId: 'invoice-intake' },
  { entityType: 'workflow', entityId: 'weekly-digest' },
  { entityType: 'agent', entityId: 'support' },
  { entityType: 'agent', entityId: 'research' },
] as const
const USERS = ['user-ada', 'user-ben', 'user-cy'] as const
const PUBLISHERS = ['north', 'south'] as const
const SOURCES = ['web', 'web', 'api', 'widget'] as const

export function generateLoad({ seed, from, to, executionsPerHour, calculationsPerHour }: LoadOptions): Load {
  const spans: Span[] = []
  const calculations: Calculation[] = []
  for (let hour = startOfHour(from); hour < to; hour += HOUR_MS) {
    // Each hour has dice of its own, so that a part of a range has the same rows as the whole.
    const dice = createDice((seed * 1_000_003 + hour / HOUR_MS) | 0)
    const rate = 1 + Math.sin(((hour % DAY_MS) / DAY_MS) * 2 * Math.PI - Math.PI / 2)
    for (let n = howMany(dice, executionsPerHour * rate); n > 0; n -= 1) spans.push(...execution(dice, hour, `${hour / HOUR_MS}-${n}`))
    for (let n = howMany(dice, calculationsPerHour * rate); n > 0; n -= 1) calculations.push(calculation(dice, hour, n))
  }
  const isWithin = (at: number): boolean => at >= from && at < to
  return {
    spans: spans.filter(({ startedAt }) => isWithin(startedAt)),
    calculations: calculations.filter(({ createdAt }) => isWithin(createdAt)),
  }
}

function howMany(dice: Dice, mean: number): number {
  return Math.round(mean * (0.5 + dice.next()))
}

/** A run, and what it did; all within its hour or the next one. */
function execution(dice: Dice, hour: number, id: string): readonly Span[] {
  const whose = { userId: dice.pick(USERS), ...dice.pick(ENTITIES) }
  const startedAt = hour + dice.whole(0, HOUR_MS - 1)
  const steps = Array.from({ length: dice.whole(1, 3) }, (_, step): Span => {
    const at = startedAt + step * 1_500 + 100
    const isTool = dice.next() < 0.25
    const status = dice.next() < 0.05 ? 'failed' : 'completed'
    const durationMs = dice.whole(50, 1_400)
    if (isTool) return { ...EMPTY, ...whose, spanId: `s-${id}-${step}`, spanType: 'TOOL_EXECUTION', status, startedAt: at, durationMs }
    const { provider, model, price } = dice.pick(MODELS)
    const [inputTokens, outputTokens] = [dice.whole(200, 4_000), dice.whole(20, 900)]
    return {
      ...{ ...EMPTY, ...whose, spanId: `s-${id}-${step}`, spanType: 'MODEL_GENERATION', status, startedAt: at, durationMs },
      ...{ provider, model, inputTokens, outputTokens, costMicros: Math.round(inputTokens * price[0] + outputTokens * price[1]) },
    }
  })
  const hasFailed = steps.some(({ status }) => status === 'failed')
  const spanType = whose.entityType === 'workflow' ? 'WORKFLOW_RUN' : 'AGENT_RUN'
  const durationMs = steps.length * 1_500 + dice.whole(0, 400)
  return [{ ...EMPTY, ...whose, spanId: `r-${id}`, spanType, status: hasFailed ? 'failed' : 'completed', startedAt, durationMs }, ...steps]
}

const EMPTY = { provider: null, model: null, inputTokens: 0, outputTokens: 0, costMicros: 0 }

function calculation(dice: Dice, hour: number, n: number): Calculation {
  const cacheHit = dice.next() < 0.6
  return {
    id: `c-${hour / HOUR_MS}-${n}`,
    createdAt: hour + dice.whole(0, HOUR_MS - 1),
    publisherId: dice.pick(PUBLISHERS),
    source: dice.pick(SOURCES),
    cacheHit,
    failed: !cacheHit && dice.next() < 0.04,
    responseTimeMs: cacheHit ? dice.whole(1, 8) : dice.whole(12, 240),
  }
}
