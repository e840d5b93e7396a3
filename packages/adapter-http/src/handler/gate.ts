/** The gate: who may pass. Closed until it is told whom to let in. */
import type { Logger } from '@quarterjack/core'
import { Problem } from '../problem/problem.ts'
import { isSecretName } from '../target/secrets.ts'
import type { Authorize, Wanted } from '../security/authorize.ts'
import { bearerToken } from '../security/bearer-token.ts'
import { addressOf } from '../security/client-address.ts'
import { isOneOf } from '../security/equal-secrets.ts'
import type { FailureLimit } from '../security/failure-limit.ts'
import { currentSecrets, type Secrets } from '../security/secrets.ts'

export interface GateDeps {
  readonly authorize: Authorize | null
  readonly secrets: Secrets | null
  readonly clientOf: ((request: Request) => string) | null
  /** Of clients whose address is known. */
  readonly perClient: FailureLimit
  /** Of all others together. */
  readonly unknownClients: FailureLimit
}

/** What is asked of the gate for one request. */
export interface Knock {
  readonly request: Request
  readonly wanted: Wanted
  readonly log: Logger
}

export interface Gate {
  /** Throws `Forbidden` or `TooManyRequests`. */
  require(knock: Knock): Promise<void>
  /** For what the public may see as well, if less of it. */
  mayRead(knock: Knock): Promise<boolean>
  /** Throws `Forbidden`, `Unauthorized` or `TooManyRequests`. */
  requireSecret(request: Request, log: Logger): Promise<void>
}

export function createGate(deps: GateDeps): Gate {
  const clientOf = (request: Request): { readonly client: string; readonly limit: FailureLimit } => {
    const client = deps.clientOf?.(request) || addressOf(request)
    return { client, limit: client === '' ? deps.unknownClients : deps.perClient }
  }

  const refuseBlocked = (request: Request): void => {
    const { client, limit } = clientOf(request)
    const blockedMs = limit.blockedMs(client)
    if (blockedMs > 0) {
      throw new Problem('TooManyRequests', 'Too many requests without permission. Wait, then send the right credentials.', {
        headers: { 'retry-after': String(Math.ceil(blockedMs / 1_000)) },
      })
    }
  }

  const countFailure = (request: Request): void => {
    const { client, limit } = clientOf(request)
    limit.fail(client)
  }

  /** Anything but true is a refusal. */
  const permits = async (authorize: Authorize, { request, wanted, log }: Knock): Promise<boolean> => {
    try {
      return (await authorize(withoutBody(request), wanted)) === true
    } catch (error) {
      log.error({ err: error }, 'authorize failed: the request is refused')
      return false
    }
  }

  return {
    async require(knock) {
      if (deps.authorize === null) throw new Problem('Forbidden', 'This is closed until the handler is given authorize.')
      refuseBlocked(knock.request)
      const isPermitted = await permits(deps.authorize, knock)
      // Many guesses at once were all let in: what the others did meanwhile counts before this one is told that it was right.
      refuseBlocked(knock.request)
      if (isPermitted) return
      countFailure(knock.request)
      throw new Problem('Forbidden', `This needs the permission to ${knock.wanted.permission}.`)
    },
    async mayRead(knock) {
      if (deps.authorize === null) return false
      const { client, limit } = clientOf(knock.request)
      if (limit.blockedMs(client) > 0) return false
      const isPermitted = await permits(deps.authorize, knock)
      if (limit.blockedMs(client) > 0) return false
      if (isPermitted) return true
      // A monitor without credentials guesses nothing.
      if (hasCredentials(knock.request)) limit.fail(client)
      return false
    },
    async requireSecret(request, log) {
      if (deps.secrets === null) throw new Problem('Forbidden', 'This is closed until the handler is given workers.secrets.')
      refuseBlocked(request)
      const secrets = await currentSecrets(deps.secrets).catch((error: unknown) => {
        log.error({ err: error }, 'workers.secrets failed: the request is refused')
        return []
      })
      if (secrets.length === 0) {
        log.error({}, 'workers.secrets gave no secret (is the variable set?): the request is refused')
        throw new Problem('Forbidden', 'This is closed: there is no secret to compare with.')
      }
      refuseBlocked(request)
      const token = bearerToken(request.headers)
      if (token !== null && isOneOf(token, secrets)) return
      countFailure(request)
      throw new Problem('Unauthorized', 'Send the secret as "Authorization: Bearer …".', { headers: { 'www-authenticate': 'Bearer' } })
    },
  }
}

/** Its body is not for whoever judges it: read there, it could not be read here. */
function withoutBody(request: Request): Request {
  return request.body === null ? request : new Request(request.url, { method: request.method, headers: request.headers })
}

function hasCredentials({ headers }: Request): boolean {
  for (const [name] of headers) if (isSecretName(name)) return true
  return false
}
