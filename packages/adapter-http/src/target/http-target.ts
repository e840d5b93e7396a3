/** `httpTarget`: an endpoint as a job's `run`. */
import type { RunContext } from '@quarterjack/core'
import { policyOf, withRunDefaults } from '@quarterjack/core/store'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { durationMs } from '../duration.ts'
import { buildRequest, type HttpRequest } from './build-request.ts'
import { type Call, openCall } from './call.ts'
import { checkTargetOptions } from './check-target.ts'
import { classifyNetworkError } from './classify-network-error.ts'
import { exchange, type RawAnswer } from './exchange.ts'
import { HttpError } from './http-error.ts'
import { judgeAnswer } from './judge-answer.ts'
import { HTTP_TARGET_DEFAULTS, type HttpResult, type HttpTargetOptions } from './options.ts'
import { nextHop } from './redirect.ts'
import { createSecrets, valuesAt } from './secrets.ts'
import { shownUrl } from './url-rules.ts'

/** Calls an endpoint for a run; the validated answer is the result. */
export type HttpTarget<P = unknown, R = unknown> = (ctx: RunContext<P>) => Promise<R>

/**
 * An endpoint as the `run` of a job: called once per attempt, with credentials that are asked for anew, an `Idempotency-Key`
 * that stays the same over the attempts of a run, `X-Request-Id` and `traceparent`. A job with it has a timeout of 30 s and 3
 * retries, unless it says otherwise. Statuses 408, 425, 429 and 5xx and failures of the network are tried again, no sooner
 * than `Retry-After` asks; everything else ends the run. Aborting the run closes the socket.
 * Throws `InvalidOption` at once for options that are wrong; runs fail with an {@link HttpError}.
 *
 * @example
 * const reset = defineJob({
 *   name: 'reset-credits',
 *   schedule: cron('0 0 * * *'),
 *   run: httpTarget({ url: 'https://api.example.com/workers/reset-credits', auth: { bearer: () => process.env.CRON_SECRET ?? '' } }),
 * })
 */
export function httpTarget<P = unknown, S extends StandardSchemaV1 | undefined = undefined>(
  options: HttpTargetOptions<P, S>,
): HttpTarget<P, HttpResult<S>> {
  checkTargetOptions(options)
  const ownTimeoutMs = durationMs(options.timeout)
  const run = (ctx: RunContext<P>): Promise<unknown> => callEndpoint(options, ctx, timeoutFor(ctx, ownTimeoutMs))
  return withRunDefaults(run as HttpTarget<P, HttpResult<S>>, {
    timeout: options.timeout ?? HTTP_TARGET_DEFAULTS.timeout,
    retries: HTTP_TARGET_DEFAULTS.retries,
  })
}

/** Without a timeout of its own a call has the job's, which the run's signal carries; one of the two there always is. */
function timeoutFor(ctx: RunContext<unknown>, ownTimeoutMs: number | null): number | null {
  if (ownTimeoutMs !== null) return ownTimeoutMs
  return (policyOf(ctx)?.timeoutMs ?? null) === null ? durationMs(HTTP_TARGET_DEFAULTS.timeout) : null
}

type AnyOptions<P> = HttpTargetOptions<P, StandardSchemaV1 | undefined>

async function callEndpoint<P>(options: AnyOptions<P>, ctx: RunContext<P>, timeoutMs: number | null): Promise<unknown> {
  const secrets = createSecrets()
  for (const path of policyOf(ctx)?.sensitive ?? []) for (const found of valuesAt(ctx.payload, path.split('.'))) secrets.add(found)
  let name = `the call of job "${ctx.job}"`
  const call = openCall(ctx.signal, timeoutMs, () => name)
  try {
    const request = await call.bound(buildRequest(options as HttpTargetOptions<P, never>, ctx, secrets))
    name = secrets.maskText(nameOf(request))
    const answer = await follow(request, options, call)
    return await call.bound(judgeAnswer(answer, { options, ctx, secrets, name }))
  } catch (error) {
    if (error instanceof SocketError) throw networkError(error, name)
    throw error
  } finally {
    call.close()
  }
}

async function follow<P>(first: HttpRequest, options: AnyOptions<P>, call: Call): Promise<RawAnswer> {
  const { redirect: policy = HTTP_TARGET_DEFAULTS.redirect, maxResponse: maxBytes = HTTP_TARGET_DEFAULTS.maxResponse } = options
  let request = first
  let agent = options.agent
  for (let hops = 0; ; hops += 1) {
    const answer = await exchange({ ...request, agent, maxBytes }, call).catch((error: unknown) => {
      throw call.signal.aborted ? error : new SocketError(error)
    })
    const { status, headers } = answer
    const hop = nextHop({ request, status, location: headers.get('location'), policy, hops })
    if (hop.kind === 'none') return answer
    if (hop.kind === 'refuse') {
      throw new HttpError('HttpRedirected', `${nameOf(first)} redirects (${status}) ${hop.why}.`, { retryable: false, status })
    }
    request = hop.request
    // Its client certificate is a credential, too.
    if (hop.isForeign) agent = undefined
  }
}

/** Tells what a socket threw from what a function of the user threw. */
class SocketError extends Error {
  constructor(cause: unknown) {
    super('socket', { cause })
  }
}

function networkError({ cause }: SocketError, name: string): HttpError {
  const { code, reason, what } = classifyNetworkError(cause)
  // Not as its cause: errors of sockets carry addresses, certificates and more.
  return new HttpError(code, `${name} ${what}.`, { retryable: true, reason })
}

function nameOf({ method, url, isPathShown }: HttpRequest): string {
  return `${method} ${shownUrl(url, isPathShown)}`
}
