/** What a request can fail with, each with its status. Tabled in `docs/http-handler.md`. */

/** Every code of a refusal that is the handler's own; those of the library come beside them. */
export const PROBLEMS = {
  InvalidRequest: { status: 400, title: 'The request is malformed' },
  Unauthorized: { status: 401, title: 'The secret is missing or wrong' },
  Forbidden: { status: 403, title: 'Not permitted' },
  NotFound: { status: 404, title: 'There is nothing here' },
  MethodNotAllowed: { status: 405, title: 'Not with this method' },
  BodyTimedOut: { status: 408, title: 'The body took too long' },
  Conflict: { status: 409, title: 'Not in this state' },
  BodyTooLarge: { status: 413, title: 'The body is too large' },
  UrlTooLong: { status: 414, title: 'The address is too long' },
  UnsupportedMediaType: { status: 415, title: 'Not this type of content' },
  InvalidValue: { status: 422, title: 'A value does not fit' },
  TooManyRequests: { status: 429, title: 'Too many requests' },
  HeadersTooLarge: { status: 431, title: 'The headers are too large' },
  RunFailed: { status: 500, title: 'The run failed' },
  InternalError: { status: 500, title: 'Something went wrong here' },
  Unavailable: { status: 503, title: 'The store does not answer' },
} as const

/** The code of a refusal. */
export type ProblemCode = keyof typeof PROBLEMS

/** What else a problem tells. */
export interface ProblemFacts {
  /** Where it is not the handler's own: the code of the error that the library threw. */
  readonly code?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What is wrong with single members. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
  /** Members of the problem's own. */
  readonly more?: Readonly<Record<string, unknown>>
}

/** Thrown to end a request; never leaves the handler. */
export class Problem extends Error {
  readonly problem: ProblemCode
  readonly facts: ProblemFacts

  constructor(problem: ProblemCode, detail: string, facts: ProblemFacts = {}) {
    super(detail)
    this.problem = problem
    this.facts = facts
  }
}

const TYPES = 'https://github.com/quarterjack/quarterjack/blob/main/docs/http-handler.md#problems'

/** The members of RFC 9457, and the id by which the log lines of the request are found. */
export function problemBody({ problem, message, facts }: Problem, requestId: string): Readonly<Record<string, unknown>> {
  const { status, title } = PROBLEMS[problem]
  return {
    type: TYPES,
    title,
    status,
    detail: message,
    code: facts.code ?? problem,
    ...(facts.errors === undefined ? {} : { errors: facts.errors }),
    ...facts.more,
    requestId,
  }
}
