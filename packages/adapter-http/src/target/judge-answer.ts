/** What an answer means for the run: a result, a skip, or an error that says whether to try again. */
import type { RunContext } from '@quarterjack/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { systemClock } from '../clock.ts'
import { isRetryableStatus } from './classify-status.ts'
import type { RawAnswer } from './exchange.ts'
import { HttpError } from './http-error.ts'
import { HTTP_TARGET_DEFAULTS, type HttpResponse, type HttpTargetOptions } from './options.ts'
import { type ReadBody, readBody } from './read-answer.ts'
import { retryAfterMs } from './retry-after.ts'
import type { Secrets } from './secrets.ts'

/** What an answer is judged by. */
export interface Judging<P> {
  readonly options: HttpTargetOptions<P, StandardSchemaV1 | undefined>
  readonly ctx: RunContext<P>
  readonly secrets: Secrets
  /** The call as messages show it. */
  readonly name: string
  /** Epoch milliseconds, for dates of answers that do not tell when they were sent. Default: those of this process. */
  readonly now?: () => number
}

/** The run's result. Skips the run, or throws an {@link HttpError} or what a function of the options threw. */
export async function judgeAnswer<P>(answer: RawAnswer, judging: Judging<P>): Promise<unknown> {
  const { options, ctx, secrets, name } = judging
  const { maxResponse = HTTP_TARGET_DEFAULTS.maxResponse, response: schema, success, skip = HTTP_TARGET_DEFAULTS.skip } = options
  const body = readBody(answer, maxResponse, schema !== undefined)
  const { status, headers } = answer
  const seen: HttpResponse = { status, headers, body: body.value }
  const fail = (code: 'HttpResponseTooLarge' | 'HttpResponseInvalid', what: string): never => {
    throw new HttpError(code, secrets.maskText(`${name} ${what}`), { retryable: false, status })
  }
  const wantsBody = typeof success === 'function' || typeof skip === 'function' || (schema !== undefined && isSuccessStatus(status))
  if (body.isCut && wantsBody) {
    fail('HttpResponseTooLarge', `answered ${status} with more than ${maxResponse} bytes. Raise maxResponse, or let it answer less.`)
  }

  const reason = await skipReason(skip, seen)
  if (reason !== null) ctx.skip(secrets.maskText(reason))
  const isGood = typeof success === 'function' ? await success(seen) : (success?.includes(status) ?? isSuccessStatus(status))
  if (!isGood) throw statusError(answer, body, judging)

  if (schema === undefined) return secrets.maskValue(body.isCut ? cutMarker(body, maxResponse) : body.value)
  const result = await schema['~standard'].validate(body.value)
  if (result.issues === undefined) return secrets.maskValue(result.value)
  const issues = result.issues.map(({ message, path }) => `\n  ${pathOf(path)}: ${message}`)
  return fail('HttpResponseInvalid', `answered ${status}, but the answer does not fit the response schema:${issues.join('')}`)
}

function isSuccessStatus(status: number): boolean {
  return status >= 200 && status <= 299
}

async function skipReason(skip: NonNullable<HttpTargetOptions['skip']>, response: HttpResponse): Promise<string | null> {
  if (skip === false) return null
  const found = typeof skip === 'function' ? await skip(response) : skip.includes(response.status)
  if (found === false) return null
  return typeof found === 'string' && found !== '' ? found : `the endpoint answered ${response.status}`
}

type Told = Pick<Judging<never>, 'secrets' | 'name' | 'now'>

const SHOWN_CHARACTERS = 512

function statusError({ status, statusText, headers }: RawAnswer, body: ReadBody, judging: Told): HttpError {
  const { secrets, name, now = systemClock.now } = judging
  const retryable = isRetryableStatus(status)
  const waitMs = retryable ? retryAfterMs(headers.get('retry-after'), headers.get('date'), now()) : null
  const wait = waitMs === null ? '' : `, and asks to wait ${Math.round(waitMs / 1_000)} s`
  // Masked before it is cut: half a secret is none that could be found.
  const text = secrets
    .maskText(body.text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const excerpt = text === '' ? '' : ` The answer begins: ${text.slice(0, SHOWN_CHARACTERS)}${text.length > SHOWN_CHARACTERS ? '…' : ''}`
  const message = `${name} answered ${`${status} ${statusText}`.trim()}${wait}.${excerpt}`
  return new HttpError('HttpStatus', secrets.maskText(message), { retryable, status, retryAfterMs: waitMs ?? undefined })
}

/** As the engine marks results that are too long for the store. */
function cutMarker({ text }: ReadBody, limit: number): unknown {
  return { $truncated: { limit, head: text.slice(0, SHOWN_CHARACTERS) } }
}

function pathOf(path: StandardSchemaV1.Issue['path']): string {
  if (path === undefined || path.length === 0) return 'body'
  return `body${path.map((step) => `.${String(typeof step === 'object' ? step.key : step)}`).join('')}`
}
