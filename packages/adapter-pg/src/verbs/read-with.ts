/** `windows.readWith`: the user's statements over one snapshot, in a transaction that is rolled back. */
import { QuarterjackError, type WindowStore } from '@quarterjack/core/store'
import { connectionWithin } from '../client/connection-within.ts'
import { createLimit } from './commit-limit.ts'
import type { CommitRefreshDeps } from './commit-refresh.ts'

const LONGEST_MS = 600_000

/** Rolls the transaction back, and becomes the reply. */
class Read extends Error {
  readonly value: unknown

  constructor(value: unknown) {
    super('read')
    this.value = value
  }
}

export function createReadWith({ store, driver, checkOpen }: CommitRefreshDeps): NonNullable<WindowStore['readWith']> {
  const what = `store "${store}": windows.readWith`
  return async <T>({ work }: { readonly work: (tx: unknown) => Promise<T> }) => {
    checkOpen()
    const limit = createLimit()
    try {
      return await driver.share<never>(
        'windows.readWith',
        async ({ client }) => {
          limit.end(LONGEST_MS, () => tooLong(what))
          await connectionWithin(client).exec('set transaction isolation level repeatable read')
          throw new Read(await work(client))
        },
        limit.signal,
      )
    } catch (error) {
      if (error instanceof Read) return { value: error.value as T }
      throw error
    } finally {
      limit.clear()
    }
  }
}

function tooLong(what: string): QuarterjackError {
  return new QuarterjackError('StoreTimedOut', `${what} did not end within ${LONGEST_MS} ms. Ask for less at a time.`)
}
