/** The receiving side of signed calls. */
import { QuarterjackError } from '@quarterjack/core/store'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { signingProblem } from '../target/sign.ts'

/** A request as it arrived. */
export interface SignedRequest {
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>
  /** The raw text or bytes: parsed and written again, they would have another signature. */
  readonly body: string | Uint8Array
}

/** What a genuine request says. */
export interface VerifiedWebhook {
  /** The same for all attempts of a run: what was seen before need not be done again. */
  readonly id: string
  readonly sentAt: Date
  readonly body: string
  /** The body, if it is JSON; else undefined. */
  readonly payload: unknown
}

/**
 * Whether a request was signed with one of `secrets` within five minutes from now, after Standard Webhooks. Compares in
 * constant time. Give two secrets while one replaces the other. Throws `WebhookInvalid`, and `InvalidOption` for what is no secret.
 *
 * @example
 * const { id, payload } = verifyWebhook({ headers: request.headers, body: await request.text() }, [process.env.WEBHOOK_SECRET ?? ''])
 */
export function verifyWebhook({ headers, body }: SignedRequest, secrets: string | readonly string[]): VerifiedWebhook {
  const problem = signingProblem(secrets)
  if (problem !== null) throw new QuarterjackError('InvalidOption', `verifyWebhook: secrets: ${problem}.`)
  const text = typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const signed = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': headerOf(headers, 'webhook-signature') }
  let refusal = ''
  for (const secret of typeof secrets === 'string' ? [secrets] : secrets) {
    try {
      new Webhook(secret).verify(text, signed, { jsonParse: false })
      return { id, sentAt: new Date(Number(timestamp) * 1_000), body: text, payload: parsed(text) }
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error
      refusal = error.message
    }
  }
  throw new QuarterjackError('WebhookInvalid', `The webhook ${id === '' ? '' : `"${id.slice(0, 100)}" `}was refused: ${refusal}.`)
}

function headerOf(headers: SignedRequest['headers'], name: string): string {
  // A proxy that repeats a header would make two readers see two values: then there is none.
  const value = headers instanceof Headers ? headers.get(name) : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  if (typeof value !== 'string') throw new QuarterjackError('WebhookInvalid', `The webhook was refused: the header ${name} is missing.`)
  if (name === 'webhook-timestamp' && !/^\d{1,12}$/.test(value)) {
    throw new QuarterjackError('WebhookInvalid', 'The webhook was refused: the header webhook-timestamp is no time in seconds.')
  }
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
