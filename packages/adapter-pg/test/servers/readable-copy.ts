/** A copy of a directory of programs where another user can run them. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { chmod, mkdtemp, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { serverUser } from './server-user.ts'

const OTHERS_MAY_ENTER = 0o001

/** The directory itself where the user whom servers run as may enter it; else a copy, made once (root's home is closed to others). */
export async function readableCopy(directory: string): Promise<string> {
  if (serverUser().uid === undefined || isOpenToOthers(directory)) return directory
  const copy = join(tmpdir(), `quarterjack-binaries-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`)
  if (existsSync(copy)) return copy
  const making = await mkdtemp(`${copy}-`)
  await promisify(execFile)('cp', ['-R', `${directory}/.`, making])
  await chmod(making, 0o755)
  await rename(making, copy).catch((error: unknown) => {
    // Another test file was faster.
    if (!existsSync(copy)) throw error
  })
  return copy
}

function isOpenToOthers(directory: string): boolean {
  const isOpen = (statSync(directory).mode & OTHERS_MAY_ENTER) !== 0
  const parent = dirname(directory)
  return isOpen && (parent === directory || isOpenToOthers(parent))
}
