/** `windows.writeWith`: the user's statements in a transaction that is committed, and ended by the server for a process that froze. */
import { QuarterjackError, type WindowStore } from '@quarterjack/core/store'
import type { Backend } from '../client/sql-client.ts'
import { whileWanted } from '../client/stop-statement.ts'
import { createLimit } from './commit-limit.ts'
import type { CommitRefreshDeps } from './commit-refresh.ts'

const LONGEST_MS = 600_000
/** A process that freezes between two statements holds its locks for so long. */
const LONGEST_PAUSE_MS = 11_000
/** Who lives ends the transaction by itself, before the server does. */
const GRACE_MS = 1_000

export function createWriteWith({ store, driver, checkOpen }: CommitRefreshDeps): NonNullable<WindowStore['writeWith']> {
  const what = `store "${store}": windows.writeWith`
  return async ({ work }) => {
    checkOpen()
    const limit = createLimit()
    try {
      const value = await driver.share(
        'windows.writeWith',
        async ({ client, call }) => {
          const backend = (await call('commits_open', { withinMs: LONGEST_MS + GRACE_MS, idleMs: LONGEST_PAUSE_MS })) as Backend
          limit.end(LONGEST_MS, () => tooLong(what))
          return await whileWanted(driver.stop, { ...backend, signal: limit.signal }, () => work(client))
        },
        limit.signal,
      )
      return { value }
    } catch (error) {
      // The server says that its statement was stopped, and not why. Whether a commit took effect is another matter.
      if (limit.signal.aborted && !QuarterjackError.isInstance(error, 'StoreUnavailable')) throw limit.signal.reason
      throw error
    } finally {
      limit.clear()
    }
  }
}

function tooLong(what: string): QuarterjackError {
  return new QuarterjackError('StoreTimedOut', `${what} did not end within ${LONGEST_MS} ms and was rolled back. Ask for less at a time.`)
}
