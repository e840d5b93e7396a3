/** From a target's options and a run to the request of one attempt. */
import type { RunContext } from '@quarterjack/core'
import { authHeaders, MissingCredential } from './auth.ts'
import { encodeBody } from './encode-body.ts'
import { headerProblem } from './header-rules.ts'
import { HttpError } from './http-error.ts'
import { HTTP_TARGET_DEFAULTS, type HttpHeaders, type HttpTargetOptions } from './options.ts'
import { isSecretName, type Secrets } from './secrets.ts'
import { signatureHeaders, signingProblem } from './sign.ts'
import { traceHeaders } from './trace-parent.ts'
import { shownUrl, urlProblem } from './url-rules.ts'
import { valueFor } from './value.ts'

type HeaderRecord = Readonly<Record<string, string>>

/** A request, ready to be sent. Names of headers are in lower case. */
export interface HttpRequest {
  readonly method: string
  readonly url: URL
  readonly headers: HeaderRecord
  /** Those of them that may go to another origin, too. */
  readonly openHeaders: HeaderRecord
  readonly body: Buffer | null
  /** Whether messages may show the path of its address. */
  readonly isPathShown: boolean
}

/** Asks every function of the options. Throws `HttpRequestInvalid`, or what a function threw. */
export async function buildRequest<P>(options: HttpTargetOptions<P, never>, ctx: RunContext<P>, secrets: Secrets): Promise<HttpRequest> {
  const { method = HTTP_TARGET_DEFAULTS.method, headers: ownHeaders, auth, signing } = options
  const url = await buildUrl(options, ctx, secrets)
  const isPathShown = typeof options.url !== 'function'
  const refuse = (problem: string): never => {
    throw new HttpError('HttpRequestInvalid', secrets.maskText(`${method} ${shownUrl(url, isPathShown)} was not sent: ${problem}.`), {
      retryable: false,
    })
  }
  const encoded = await encodeBody(method, options.body, ctx, (problem) => refuse(`body ${problem}`))
  const headers = new Map(Object.entries(await defaultHeaders(options, ctx)))
  if (encoded !== null) headers.set('content-type', encoded.type)
  const openNames = [...headers.keys()]

  const apply = async (given: HttpHeaders<P>, field: string, areSecret: boolean): Promise<void> => {
    for (const [name, one] of Object.entries(given)) {
      const value = await valueFor(one, ctx)
      if (areSecret || isSecretName(name)) secrets.add(value)
      const problem = headerProblem(name, value)
      if (problem !== null) refuse(`${field}.${name} ${problem}`)
      if (value === null || value === undefined) headers.delete(name.toLowerCase())
      else headers.set(name.toLowerCase(), String(value))
    }
  }
  if (ownHeaders !== undefined) await apply((await valueFor(ownHeaders, ctx)) ?? {}, 'headers', false)
  const own = new Set(ownHeaders === undefined ? [] : Object.keys(typeof ownHeaders === 'function' ? {} : ownHeaders).map(lower))
  if (auth !== undefined) await apply(await authHeaders(auth, ctx, secrets).catch(refuseMissing(refuse)), 'auth', true)
  if (signing !== undefined) {
    const given = await valueFor(signing.secret, ctx)
    const problem = signingProblem(given)
    if (problem !== null) refuse(`signing.secret ${problem}`)
    const list: readonly string[] = typeof given === 'string' ? [given] : given
    for (const secret of list) for (const form of [secret, secret.replace(/^whsec_/, '')]) secrets.add(form)
    const signed = { id: ctx.idempotencyKey, at: new Date(), body: encoded?.bytes.toString() ?? '' }
    for (const [name, value] of Object.entries(signatureHeaders(list, signed))) headers.set(name, value)
  }
  const all = Object.fromEntries(headers)
  const open = openNames.filter((name) => headers.has(name) && (name === 'content-type' || !own.has(name)))
  const openHeaders = Object.fromEntries(open.map((name) => [name, all[name] ?? '']))
  return { method, url, headers: all, openHeaders, body: encoded?.bytes ?? null, isPathShown }
}

const lower = (name: string): string => name.toLowerCase()

function refuseMissing(refuse: (problem: string) => never): (error: unknown) => never {
  return (error) => {
    if (error instanceof MissingCredential) refuse(error.message)
    throw error
  }
}

async function buildUrl<P>(options: HttpTargetOptions<P, never>, ctx: RunContext<P>, secrets: Secrets): Promise<URL> {
  const given = await valueFor(options.url, ctx)
  const problem = urlProblem(given)
  if (problem !== null) {
    throw new HttpError('HttpRequestInvalid', `job "${ctx.job}": nothing was sent: url ${problem}.`, { retryable: false })
  }
  const url = new URL(String(given))
  const query = options.query === undefined ? {} : ((await valueFor(options.query, ctx)) ?? {})
  for (const [name, members] of Object.entries(query)) {
    for (const member of Array.isArray(members) ? members : [members]) {
      if (member !== null && member !== undefined) url.searchParams.append(name, String(member))
    }
  }
  for (const [name, value] of url.searchParams) if (isSecretName(name)) secrets.add(value)
  return url
}

async function defaultHeaders<P>({ idempotency = true }: HttpTargetOptions<P, never>, ctx: RunContext<P>): Promise<HeaderRecord> {
  const { header = 'Idempotency-Key', key = ctx.idempotencyKey } = typeof idempotency === 'object' ? idempotency : {}
  return {
    accept: 'application/json, text/plain;q=0.9, */*;q=0.8',
    'accept-encoding': 'identity',
    'user-agent': 'quarterjack',
    'x-request-id': `${ctx.runId}.${ctx.attempt}`,
    ...(await traceHeaders(ctx)),
    ...(idempotency === false ? {} : { [header.toLowerCase()]: await valueFor(key, ctx) }),
  }
}
