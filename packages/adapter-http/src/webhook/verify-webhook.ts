/** The receiving side of signed calls: after Standard Webhooks, or by a plain HMAC over the body. */
import { createHmac, timingSafeEqual } from 'node:crypto'
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

/** What a genuine request says whose signature covers the body alone. */
export type VerifiedBody = Pick<VerifiedWebhook, 'body' | 'payload'>

/**
 * Whether a request was signed with one of `secrets` within five minutes from now, after Standard Webhooks. Compares in
 * constant time. Give two secrets while one replaces the other. Throws `WebhookInvalid`, and `InvalidOption` for what is no secret.
 *
 * @example
 * const { id, payload } = verifyWebhook({ headers: request.headers, body: await request.text() }, [process.env.WEBHOOK_SECRET ?? ''])
 */
export function verifyWebhook(request: SignedRequest, secrets: string | readonly string[]): VerifiedWebhook
/**
 * Whether the header `hmac` is the HMAC-SHA256 of the body under one of `secrets`, as hex, with or without `sha256=` in front:
 * `sentry-hook-signature`, `x-hub-signature-256`. Such a signature has neither id nor time: what was sent once can be sent again,
 * so do what it asks for in a way that a repetition does no harm.
 *
 * @example
 * verifyWebhook({ headers: request.headers, body: await request.text() }, process.env.GITHUB_SECRET ?? '', { hmac: 'x-hub-signature-256' })
 */
export function verifyWebhook(request: SignedRequest, secrets: string | readonly string[], options: { readonly hmac: string }): VerifiedBody
export function verifyWebhook(
  { headers, body }: SignedRequest,
  secrets: string | readonly string[],
  options?: { readonly hmac: string },
): VerifiedWebhook | VerifiedBody {
  if (options !== undefined) return verifyHmac({ headers, body }, secrets, options.hmac)
  const problem = signingProblem(secrets)
  if (problem !== null) throw new QuarterjackError('InvalidOption', `verifyWebhook: secrets: ${problem}.`)
  const text = textOf(body)
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

function verifyHmac({ headers, body }: SignedRequest, secrets: string | readonly string[], header: string): VerifiedBody {
  if (typeof header !== 'string' || !/^[\w-]+$/.test(header))
    throw new QuarterjackError('InvalidOption', 'verifyWebhook: hmac: give the name of a header.')
  const known = typeof secrets === 'string' ? [secrets] : secrets
  // An empty secret would be everybody's.
  if (!Array.isArray(known) || known.length === 0 || known.some((secret) => typeof secret !== 'string' || secret.trim() === ''))
    throw new QuarterjackError('InvalidOption', 'verifyWebhook: secrets: one is missing or blank (is the variable set?).')
  const signature = /^(?:sha256=)?([0-9a-f]{64})$/i.exec(headerOf(headers, header.toLowerCase()).trim())?.[1]
  if (signature === undefined) throw refused(`the header ${header} is no HMAC-SHA256 as hex`)
  const given = Buffer.from(signature, 'hex')
  // Each is compared, so that the time does not tell which one fits.
  const fits = known.map((secret) => timingSafeEqual(createHmac('sha256', secret).update(body).digest(), given))
  if (!fits.includes(true)) throw refused('the signature does not fit the body')
  const text = textOf(body)
  return { body: text, payload: parsed(text) }
}

function refused(why: string): QuarterjackError {
  return new QuarterjackError('WebhookInvalid', `The webhook was refused: ${why}.`)
}

function textOf(body: SignedRequest['body']): string {
  return typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
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
