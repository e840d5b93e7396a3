/** Signatures after Standard Webhooks. */
import { Webhook } from 'standardwebhooks'

/** What is signed. */
export interface Signable {
  /** The same for all attempts of a run. */
  readonly id: string
  readonly at: Date
  readonly body: string
}

/** The three headers of a signed call, with a signature per secret. Throws when a secret is none. */
export function signatureHeaders(secrets: readonly string[], { id, at, body }: Signable): Readonly<Record<string, string>> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  }
}

/** What is wrong with one or several secrets, in words without them; null when nothing is. */
export function signingProblem(given: unknown): string | null {
  const secrets: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (secrets.length === 0) return 'the list is empty. Put a secret into it'
  return secrets.every(isSecret) ? null : 'is no secret. Use "whsec_" and the base64 of 24 to 64 random bytes'
}

function isSecret(value: unknown): boolean {
  if (typeof value !== 'string') return false
  const encoded = value.replace(/^whsec_/, '')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) && encoded.length % 4 === 0 && Buffer.from(encoded, 'base64').length >= 16
}
