/** Where the programs of a server are. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { aptInstall } from '@quarterjack/fault-kit/apt-install'

/** A program of the system: named by an environment variable, on the path, or where system programs lie. */
export function findProgram(name: string, variable: string): string | undefined {
  const named = process.env[variable]
  if (named !== undefined && named !== '') return named
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']
    .map((directory) => join(directory, name))
    .find(isExecutable)
}

/** `redis-server`; installs it on Debian as root; else fails and says what to install. */
export async function findRedis(): Promise<string> {
  const find = (): string | undefined => findProgram('redis-server', 'QJ_TEST_REDIS')
  const found = find() ?? ((await aptInstall('redis-server')) ? find() : undefined)
  if (found !== undefined) return found
  throw new Error(
    'There is no Redis server on this machine, and these tests need one. Install it (Debian, Ubuntu: apt-get install redis-server; ' +
      'macOS: brew install redis), or set QJ_TEST_REDIS to its program.',
  )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
