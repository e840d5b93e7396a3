/** Who may do what: the function that users give, and one for those who only have tokens. */
import { QuarterjackError } from '@quarterjack/core/store'
import { bearerToken } from './bearer-token.ts'
import { isOneOf } from './equal-secrets.ts'
import { currentSecrets, type Secrets, secretsProblem } from './secrets.ts'

/** `read` shows payloads, results and errors; `write` changes what runs. Neither holds the other. */
export type Permission = 'read' | 'write'

/** What a request wants to do. */
export interface Wanted {
  readonly permission: Permission
  /** The `operationId` of the OpenAPI document: `triggerJob`, `listRuns`, … */
  readonly operation: string
  /** The job that the address names; null where it names none, and all jobs are meant. */
  readonly job: string | null
}

/**
 * Whether a request may do what it wants. The request has no body here. Anything but `true` is a refusal, and so is an error.
 */
export type Authorize = (request: Request, wanted: Wanted) => boolean | Promise<boolean>

/**
 * An {@link Authorize} by `Authorization: Bearer <token>`. Tokens of `write` may read, too. Compares in constant time; give
 * several tokens while one replaces another, or a function that is asked at each request. Throws `InvalidOption`.
 *
 * @example
 * const handler = createHandler(scheduler, {
 *   authorize: authorizeTokens({ read: () => process.env.READ_TOKEN ?? '', write: () => process.env.WRITE_TOKEN ?? '' }),
 * })
 */
export function authorizeTokens(tokens: { readonly read?: Secrets; readonly write?: Secrets }): Authorize {
  for (const name of ['read', 'write'] as const) {
    const problem = tokens[name] === undefined ? null : secretsProblem(tokens[name])
    if (problem !== null) throw new QuarterjackError('InvalidOption', `authorizeTokens: ${name}: ${problem}.`)
  }
  return async (request, { permission }) => {
    const token = bearerToken(request.headers)
    if (token === null) return false
    const mayWrite = isOneOf(token, await currentSecrets(tokens.write ?? []))
    const mayRead = isOneOf(token, await currentSecrets(tokens.read ?? []))
    return mayWrite || (permission === 'read' && mayRead)
  }
}
