/** An endpoint as data: what routes, checks, answers and the OpenAPI document are made from. */
import type * as z from 'zod/mini'

/**
 * Who may call it: anybody; whom `authorize` permits; or whoever has the secret of the worker endpoints.
 */
export type Access = 'public' | 'read' | 'write' | 'worker'

/** What an endpoint answers with: a body that becomes JSON, or text as it is. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly text?: string | Buffer
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** One request, permitted and parsed. */
export interface Call<P = unknown, Q = unknown, B = unknown> {
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly request: Request
  /** The id that the log and the answer have. */
  readonly requestId: string
  /** Whether the client may see more than the public does. Never throws. */
  mayRead(): Promise<boolean>
  /** Fields for the log line of the request. */
  note(fields: Readonly<Record<string, unknown>>): void
}

/** What the document says of one answer. */
export interface DescribedAnswer {
  readonly description: string
  readonly schema?: z.ZodMiniType
  readonly contentType?: string
}

export interface Endpoint<P = unknown, Q = unknown, B = unknown> {
  /** The `operationId`. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the base path; `:name` stands for one segment. */
  readonly path: string
  readonly access: Access
  readonly summary: string
  readonly params?: z.ZodMiniType<P>
  readonly query?: z.ZodMiniType<Q>
  /** Absent: no body is read. */
  readonly body?: z.ZodMiniType<B>
  readonly answers: Readonly<Record<number, DescribedAnswer>>
  readonly handle: (call: Call<P, Q, B>) => Promise<Answer> | Answer
}

/** An endpoint whose types no longer matter. */
export type AnyEndpoint = Endpoint<never, never, never>

/** Checks the types of one endpoint, and forgets them. */
export function defineEndpoint<P = unknown, Q = unknown, B = unknown>(endpoint: Endpoint<P, Q, B>): AnyEndpoint {
  return endpoint as unknown as AnyEndpoint
}

export function json(status: number, body: unknown, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body, ...(headers === undefined ? {} : { headers }) }
}
