/** Busybox, whose wget is what the cron images have. */
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Installs it where that is possible (Debian, as root); fails with what to do where it is not. */
export async function requireBusybox(): Promise<void> {
  if (await isThere()) return
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    console.info('Installing busybox with apt-get, because the tests need it.')
    const script = 'apt-get update -q && apt-get install -yq --no-install-recommends busybox'
    // The lock is the one of the other packages' tests: apt takes turns.
    await run('flock', [join(tmpdir(), 'quarterjack-apt.lock'), 'sh', '-c', script], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).catch(() => undefined)
    if (await isThere()) return
  }
  throw new Error(
    'There is no busybox on this machine, and these tests need its wget. Install it (Debian, Ubuntu: apt-get install busybox).',
  )
}

async function isThere(): Promise<boolean> {
  return run('busybox', ['true']).then(
    () => true,
    () => false,
  )
}
