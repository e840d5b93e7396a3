/** Options of {@link httpTarget}: their types and defaults. */
import type { Agent } from 'node:http'
import type { Duration, RunContext } from '@quarterjack/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Value } from './value.ts'

/** What {@link httpTarget} takes for granted. */
export const HTTP_TARGET_DEFAULTS = {
  method: 'POST',
  timeout: '30s',
  retries: 3,
  maxResponse: 262_144,
  redirect: 'refuse',
  skip: [204],
} as const

/** Headers by name; null and undefined leave one out, also one that would be sent by default. */
export type HttpHeaders<P = unknown> = Readonly<Record<string, Value<string | number | null | undefined, P>>>

/** Members of the query by name; lists repeat the name, null and undefined leave it out. */
export type HttpQuery = Readonly<Record<string, QueryValue | readonly QueryValue[]>>
/** One member of a query; null and undefined are left out. */
export type QueryValue = string | number | boolean | null | undefined

/** Credentials. Functions are asked at each attempt, so that secrets can rotate. */
export type HttpAuth<P = unknown> =
  | { readonly bearer: Value<string, P> }
  | { readonly basic: { readonly username: Value<string, P>; readonly password: Value<string, P> } }
  | { readonly apiKey: Value<string, P> /** Default `X-API-Key`. */; readonly header?: string | undefined }
  /** The headers that authorise the call; each of their values is treated as a secret. */
  | ((ctx: RunContext<P>) => HttpHeaders<P> | Promise<HttpHeaders<P>>)

/** Signatures after Standard Webhooks. */
export interface HttpSigning<P = unknown> {
  /** `whsec_` and base64, as `verifyWebhook` takes it; several sign each for itself, while one replaces another. */
  readonly secret: Value<string | readonly string[], P>
}

/** The answer of an endpoint, as `success` and `skip` see it. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  /** JSON parsed, other text as it is, undefined when empty. */
  readonly body: unknown
}

/** What is sent: text, bytes and `URLSearchParams` as they are, null and undefined not at all, all else as JSON. */
export type HttpBody = string | number | boolean | bigint | object | null | undefined

/** Options of {@link httpTarget}. `P` is the job's payload, `S` the schema of the answer. */
export interface HttpTargetOptions<P = unknown, S extends StandardSchemaV1 | undefined = undefined> {
  /** Absolute, `http:` or `https:`, without credentials in it. What a function answers with is shown as its origin alone. */
  readonly url: Value<string | URL, P>
  /** Default `POST`. */
  readonly method?: string | undefined
  /** Added to what the address has. */
  readonly query?: Value<HttpQuery, P> | undefined
  readonly headers?: Value<HttpHeaders<P>, P> | undefined
  readonly auth?: HttpAuth<P> | undefined
  /**
   * Default: the payload as JSON, but for GET and HEAD. Text, bytes and `URLSearchParams` are sent as they are, null and
   * undefined send none, all else is sent as JSON.
   */
  readonly body?: HttpBody | ((ctx: RunContext<P>) => unknown)
  /** Of the whole call. Default: that of the job, and in a job without one 30 s. */
  readonly timeout?: Duration | undefined
  /** Which answers are good. Default: every 2xx. */
  readonly success?: readonly number[] | ((response: HttpResponse) => boolean | Promise<boolean>) | undefined
  /**
   * Which answers mean "there was nothing to do": the run ends `skipped`. Statuses, or a function that answers with true or
   * the reason. Default 204; `false` for none.
   */
  readonly skip?: false | readonly number[] | ((response: HttpResponse) => boolean | string | Promise<boolean | string>) | undefined
  /** Any Standard Schema: validates the body, and types the run's result. */
  readonly response?: S | undefined
  readonly signing?: HttpSigning<P> | undefined
  /** Whether to send `Idempotency-Key`, or under which name and key. Default true: the same for all attempts of a run. */
  readonly idempotency?: boolean | { readonly header?: string | undefined; readonly key?: Value<string, P> | undefined } | undefined
  /**
   * `refuse`: a redirect ends the run. `same-origin`: at most five are followed, within the origin. `follow`: also to other
   * origins, without the target's own headers, credentials, signatures and agent, and never from https to http. Default `refuse`.
   */
  readonly redirect?: 'refuse' | 'same-origin' | 'follow' | undefined
  /** Bytes of the answer that are read at most. Default 262,144. */
  readonly maxResponse?: number | undefined
  /** For authorities, client certificates and proxies of your own. Default: Node's global agent. */
  readonly agent?: Agent | undefined
}

/** What becomes the run's result. */
export type HttpResult<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : unknown
