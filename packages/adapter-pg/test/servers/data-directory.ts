/** Data directories of private servers: made once per version, then copied, which takes a tenth of the time. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PostgresBinaries } from './find-binaries.ts'
import { serverUser } from './server-user.ts'

const run = promisify(execFile)

/** A new directory under the system's temporary one that belongs to the user whom servers run as. */
export async function createServerDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'quarterjack-server-'))
  const { uid, gid } = serverUser()
  if (uid !== undefined && gid !== undefined) await chown(directory, uid, gid)
  return directory
}

/** Puts a fresh, empty cluster into `data` below `directory`, and says where it is. */
export async function createDataDirectory(binaries: PostgresBinaries, directory: string): Promise<string> {
  await run('tar', ['-xf', await obtainTemplate(binaries), '-C', directory])
  return join(directory, 'data')
}

/** One file, so that whoever cleans temporary directories removes all of it or nothing. */
async function obtainTemplate(binaries: PostgresBinaries): Promise<string> {
  const { uid = 0 } = serverUser()
  const flags = initdbFlags(binaries)
  const key = createHash('sha256')
    .update(JSON.stringify([binaries, flags, uid]))
    .digest('hex')
    .slice(0, 12)
  const cache = join(tmpdir(), `quarterjack-postgres-templates-${process.getuid?.() ?? 0}`)
  const template = join(cache, `${binaries.major}-${key}.tar`)
  if (existsSync(template)) return template

  await mkdir(cache, { recursive: true })
  const directory = await createServerDirectory()
  try {
    const env = { PATH: process.env.PATH, LC_ALL: 'C' }
    await run(binaries.initdb, ['--pgdata', join(directory, 'data'), ...flags], { ...serverUser(), cwd: directory, env })
    const made = join(directory, 'template.tar')
    await run('tar', ['-cf', made, '-C', directory, 'data'])
    // Whoever is last of several that start at once replaces what is as good.
    await rename(made, template)
    return template
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function initdbFlags({ major }: PostgresBinaries): readonly string[] {
  return [
    '--username=postgres',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    // Sorts as people do, as databases of production often do: whoever relies on the order of bytes has to say so.
    ...(major >= 15 ? ['--locale-provider=icu', '--icu-locale=en-US'] : []),
    '--no-sync',
  ]
}
