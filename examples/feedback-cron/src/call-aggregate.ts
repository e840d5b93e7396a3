/** One call of the aggregation endpoint, and what each kind of answer means for the run. */
import { NonRetryableError, RetryAfterError } from '@quarterjack/core'
import { z } from 'zod'
import type { Config } from './config.ts'

/** What the endpoint answers. Fields that we do not know are kept. */
export type AggregateSummary = z.infer<typeof summarySchema>

const summarySchema = z.looseObject({
  status: z.literal('ok'),
  /** Of the learning model after this aggregation. */
  modelVersion: z.number().int().nonnegative(),
  events: z.number().int().nonnegative(),
  newEvents: z.number().int().nonnegative(),
  /** How many weights there are, and how many of them changed. */
  weights: z.number().int().nonnegative(),
  changed: z.number().int().nonnegative(),
})

/** The most of an answer that is read. */
const MAX_ANSWER_BYTES = 32_768

/** Client errors that may pass by themselves: timeout, too early, too many requests. */
const PASSING_STATUSES = new Set([408, 425, 429])

/** What a call needs of its run. */
export interface CallContext {
  readonly signal: AbortSignal
  readonly idempotencyKey: string
}

/**
 * Calls the endpoint once. Null means that there was nothing to aggregate (204).
 * Throws `NonRetryableError` where another attempt cannot help, `RetryAfterError` when the API names
 * a time, the signal's reason when it was aborted, and plain errors for what may pass.
 */
export async function callAggregate(
  config: Pick<Config, 'apiUrl' | 'apiKey'>,
  ctx: CallContext,
  fetcher: typeof fetch = fetch,
): Promise<AggregateSummary | null> {
  const { response, body } = await exchange(config, ctx, fetcher)
  if (response.status === 204) return null
  if (!response.ok) throw refusal(response, body)
  return parseSummary(body)
}

async function exchange(
  config: Pick<Config, 'apiUrl' | 'apiKey'>,
  ctx: CallContext,
  fetcher: typeof fetch,
): Promise<{ response: Response; body: string }> {
  try {
    const response = await fetcher(config.apiUrl, {
      method: 'POST',
      headers: { 'x-api-key': config.apiKey, 'idempotency-key': ctx.idempotencyKey, accept: 'application/json' },
      // A redirect would carry the key to another host.
      redirect: 'manual',
      signal: ctx.signal,
    })
    return { response, body: await readBounded(response) }
  } catch (error) {
    ctx.signal.throwIfAborted()
    // fetch reports every failure of the network as a TypeError with a cause.
    if (error instanceof TypeError) throw new Error(`cannot reach ${config.apiUrl}: ${describeCause(error)}`, { cause: error })
    throw error
  }
}

function refusal(response: Response, body: string): Error {
  const { status } = response
  const answer = `the API answered ${status}${excerpt(body)}`
  if (status === 401 || status === 403) return new NonRetryableError(`${answer}. Check BACKFILL_API_KEY`)
  if (status >= 300 && status < 400) {
    return new NonRetryableError(
      `${answer}, a redirect to ${response.headers.get('location') ?? 'nowhere'}. Set AGENT_FEEDBACK_API_URL to the final address`,
    )
  }
  if (status < 500 && !PASSING_STATUSES.has(status)) return new NonRetryableError(answer)
  const afterMs = readRetryAfter(response.headers.get('retry-after'))
  return afterMs === null ? new Error(answer) : new RetryAfterError(answer, afterMs)
}

function parseSummary(body: string): AggregateSummary {
  const parsed = summarySchema.safeParse(parseJson(body))
  if (!parsed.success)
    throw new Error(
      `the API answered with something that is no summary${excerpt(body)}: ${z.prettifyError(parsed.error).replace(/\s+/g, ' ')}`,
    )
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the API answered with more than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

// Only the form in seconds: dates would need the API's clock.
function readRetryAfter(header: string | null): number | null {
  return header !== null && /^\d{1,5}$/.test(header) ? Number(header) * 1_000 : null
}

function excerpt(body: string): string {
  const text = body.replace(/\s+/g, ' ').trim()
  return text === '' ? '' : ` (${text.length > 200 ? `${text.slice(0, 200)}…` : text})`
}

function describeCause(error: TypeError): string {
  const cause = error.cause
  if (!(cause instanceof Error)) return error.message
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}
