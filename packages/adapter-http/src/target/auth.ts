/** From credentials to headers, asked anew at each attempt. */
import type { RunContext } from '@quarterjack/core'
import type { HttpAuth, HttpHeaders } from './options.ts'
import type { Secrets } from './secrets.ts'
import { valueFor } from './value.ts'

/** The headers that authorise a call; every value of theirs becomes one of its secrets. */
export async function authHeaders<P>(auth: HttpAuth<P>, ctx: RunContext<P>, secrets: Secrets): Promise<HttpHeaders<P>> {
  if (typeof auth === 'function') {
    const headers = await auth(ctx)
    const entries = await Promise.all(
      Object.entries(headers ?? {}).map(async ([name, value]) => [name, await valueFor(value, ctx)] as const),
    )
    for (const [, value] of entries) secrets.add(value)
    return Object.fromEntries(entries)
  }
  if ('bearer' in auth) {
    const token = await valueFor(auth.bearer, ctx)
    secrets.add(token)
    return { authorization: isText(token) ? `Bearer ${token}` : missing('auth.bearer') }
  }
  if ('apiKey' in auth) {
    const key = await valueFor(auth.apiKey, ctx)
    secrets.add(key)
    return { [auth.header ?? 'x-api-key']: isText(key) ? key : missing('auth.apiKey') }
  }
  const username = await valueFor(auth.basic.username, ctx)
  const password = await valueFor(auth.basic.password, ctx)
  if (!isText(username) || !isText(password)) missing('auth.basic')
  if (username.includes(':')) throw new MissingCredential('auth.basic.username holds a ":", which Basic cannot carry')
  const encoded = Buffer.from(`${username}:${password}`).toString('base64')
  secrets.add(password)
  secrets.add(encoded)
  return { authorization: `Basic ${encoded}` }
}

/** A secret that is not there: nothing may be sent without it. */
export class MissingCredential extends Error {}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function missing(field: string): never {
  throw new MissingCredential(`${field} gave no text; is the secret set?`)
}
