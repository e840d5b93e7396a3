/** Private Valkey servers, where the machine has Valkey. */
import { findProgram } from './find-program.ts'
import { type RedisServer, type RedisServerOptions, startRedis } from './redis.ts'

/** The program, or why there is none. No npm package brings it along, and Debian has it only from version 13 on. */
export function findValkey(): { readonly program: string; readonly reason: null } | { readonly program: null; readonly reason: string } {
  const program = findProgram('valkey-server', 'QJ_TEST_VALKEY')
  if (program !== undefined) return { program, reason: null }
  return {
    program: null,
    reason:
      'There is no valkey-server on this machine. Install it (Debian 13, Ubuntu 24.10: apt-get install valkey-server; Debian 12: the same from bookworm-backports; macOS: brew install valkey), ' +
      'or set QJ_TEST_VALKEY to its program.',
  }
}

/** Starts one as {@link startRedis} does. */
export async function startValkey(options: Omit<RedisServerOptions, 'program'> = {}): Promise<RedisServer> {
  const { program, reason } = findValkey()
  if (program === null) throw new Error(reason)
  return startRedis({ ...options, program })
}
