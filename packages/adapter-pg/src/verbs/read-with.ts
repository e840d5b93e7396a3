/** `windows.readWith`: the user's statements over one snapshot, in a transaction that writes nothing. */
import { QuarterjackError, type WindowStore } from '@quarterjack/core/store'
import { connectionWithin } from '../client/connection-within.ts'
import { createLimit } from './commit-limit.ts'
import type { CommitRefreshDeps } from './commit-refresh.ts'

const LONGEST_MS = 600_000

export function createReadWith({ store, driver, checkOpen }: CommitRefreshDeps): NonNullable<WindowStore['readWith']> {
  const what = `store "${store}": windows.readWith`
  return async ({ work }) => {
    checkOpen()
    const limit = createLimit()
    try {
      return await driver.share(
        'windows.readWith',
        async ({ client }) => {
          limit.end(
            LONGEST_MS,
            () => new QuarterjackError('StoreTimedOut', `${what} did not end within ${LONGEST_MS} ms. Ask for less at a time.`),
          )
          await connectionWithin(client).exec('set transaction isolation level repeatable read, read only')
          return { value: await work(client) }
        },
        limit.signal,
      )
    } finally {
      limit.clear()
    }
  }
}
