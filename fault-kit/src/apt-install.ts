/** Installs a missing program of the system, where that can be done without asking: Debian, as root. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Installs a Debian package, once whoever asks. False where this is no Debian, or we are not root. */
export async function aptInstall(packageName: string): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return false
  console.info(`Installing ${packageName} with apt-get, because the tests need it.`)
  const script = `dpkg -s "$1" >/dev/null 2>&1 || { apt-get update -q && apt-get install -yq --no-install-recommends "$1"; }`
  // The lock lets test files that start at once install one after another.
  await run('flock', [join(tmpdir(), 'quarterjack-apt.lock'), 'sh', '-c', script, 'sh', packageName], {
    // At this run level a package does not start the service it brings.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    maxBuffer: 64 * 1024 * 1024,
  })
  return true
}
