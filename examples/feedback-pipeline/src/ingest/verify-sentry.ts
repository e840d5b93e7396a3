/** Whether a webhook is Sentry's: by its own signature, or by one after Standard Webhooks where a relay stands between. */
import { verifyWebhook } from '@quarterjack/adapter-http'
import { QuarterjackError } from '@quarterjack/core'

/**
 * Sentry signs the raw body, as hex, without a time; a repetition of it does no harm, since an issue comes in once. A signature
 * after Standard Webhooks has a time and is refused after five minutes.
 */
export function isFromSentry(headers: Headers, body: string, secret: string): boolean {
  try {
    if (headers.has('webhook-signature')) verifyWebhook({ headers, body }, secret)
    else verifyWebhook({ headers, body }, secret, { hmac: 'sentry-hook-signature' })
    return true
  } catch (error) {
    if (QuarterjackError.isInstance(error, 'WebhookInvalid')) return false
    throw error
  }
}
