/** Who is calling: by token, and what that kind of token is for. */
import { type Authorize, authorizeTokens } from '@quarterjack/adapter-http'
import type { Tokens } from '../config.ts'

export type Role = keyof Tokens

/** The roles that a request has, by the token it sends; compared in constant time. */
export function createRoles(tokens: Tokens): (request: Request) => Promise<readonly Role[]> {
  const roles = (['admin', 'dashboard', 'ingest'] as const).map((role): readonly [Role, Authorize] => [
    role,
    authorizeTokens({ write: tokens[role] }),
  ])
  return async (request) => {
    const granted = await Promise.all(
      roles.map(async ([role, authorize]) =>
        (await authorize(request, { permission: 'write', operation: role, job: null })) ? role : null,
      ),
    )
    return granted.filter((role) => role !== null)
  }
}
