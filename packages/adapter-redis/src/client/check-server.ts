/** What the server is, and how it is set up: looked at when a store is opened. */
import { QuarterjackError } from '@quarterjack/core/store'
import { isRefused } from './coded-errors.ts'
import type { Driver } from './driver.ts'
import type { Reply } from './redis-client.ts'

/** The first version whose commands are enough. Valkey calls itself Redis 7.2 to those who ask so. */
const OLDEST = [6, 2] as const

/**
 * Looks. Throws `StoreUnsupported` for a server that is too old; warns, each time of the life of a store once, of one that
 * may drop keys or keeps nothing on disk. What the user may not see, or a service hides, is believed to be right.
 */
export function createServerCheck(driver: Pick<Driver, 'command'>, store: string): () => Promise<void> {
  const warned = new Set<string>()
  const warn = (code: string, message: string): void => {
    if (warned.has(code)) return
    warned.add(code)
    process.emitWarning(`store "${store}": ${message}`, { type: 'QuarterjackWarning', code })
  }

  return async () => {
    const info = readInfo(await askFor(driver, ['INFO']))
    checkVersion(info.get('redis_version'), store)
    const policy = info.get('maxmemory_policy') ?? ''
    // Others only drop keys that expire, and the store has none.
    if (policy.startsWith('allkeys-') && info.get('maxmemory') !== '0') {
      warn(
        'QUARTERJACK_REDIS_EVICTION',
        `the server drops keys when its memory is full (maxmemory-policy ${policy}), and with them schedules and runs. Set maxmemory-policy noeviction, or use a server for this alone.`,
      )
    }
    if (info.get('aof_enabled') === '0' && (await snapshotsOf(driver)) === '') {
      warn(
        'QUARTERJACK_REDIS_PERSISTENCE',
        'the server keeps nothing on disk, so that a restart loses all schedules and runs. Set appendonly yes.',
      )
    }
  }
}

function checkVersion(version: string | undefined, store: string): void {
  const [major, minor] = (version ?? '').split('.').map(Number)
  if (major === undefined || minor === undefined || Number.isNaN(major) || Number.isNaN(minor)) return
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return
  throw new QuarterjackError(
    'StoreUnsupported',
    `store "${store}": the server is Redis ${version}. Use Redis ${OLDEST.join('.')} or Valkey 7.2, or later.`,
  )
}

/** When snapshots are taken, as "save" has it; null where that is not to be known. */
async function snapshotsOf(driver: Pick<Driver, 'command'>): Promise<string | null> {
  const reply = await askFor(driver, ['CONFIG', 'GET', 'save'])
  return Array.isArray(reply) && reply[0] === 'save' ? String(reply[1]) : null
}

async function askFor(driver: Pick<Driver, 'command'>, args: readonly string[]): Promise<Reply> {
  try {
    return await driver.command('open', args)
  } catch (error) {
    if (isRefused(error)) return null
    throw error
  }
}

/** `name:value` per line. */
function readInfo(reply: Reply): ReadonlyMap<string, string> {
  const lines = typeof reply === 'string' ? reply.split(/\r?\n/) : []
  return new Map(
    lines.flatMap((line) => {
      const colon = line.indexOf(':')
      return colon === -1 || line.startsWith('#') ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const]
    }),
  )
}
