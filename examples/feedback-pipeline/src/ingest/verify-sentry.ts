/** Whether a webhook is Sentry's: by its own signature, or by one after Standard Webhooks where a relay stands between. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { verifyWebhook } from '@quarterjack/adapter-http'
import { QuarterjackError } from '@quarterjack/core'

/**
 * Sentry signs the raw body, as hex, without a time; a repetition of it does no harm, since an issue comes in once. A signature
 * after Standard Webhooks has a time and is refused after five minutes.
 */
export function isFromSentry(headers: Headers, body: string, secret: string): boolean {
  if (headers.has('webhook-signature')) return isSigned(headers, body, secret)
  const given = headers.get('sentry-hook-signature') ?? ''
  const wanted = createHmac('sha256', secret).update(body).digest('hex')
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted))
}

function isSigned(headers: Headers, body: string, secret: string): boolean {
  try {
    verifyWebhook({ headers, body }, secret)
    return true
  } catch (error) {
    if (QuarterjackError.isInstance(error, 'WebhookInvalid')) return false
    throw error
  }
}
