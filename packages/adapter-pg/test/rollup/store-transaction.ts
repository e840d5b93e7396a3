/** A store's `commitWith` without a store: the work in a transaction of the user's client, committed unless it was to be refused. */
import type { CommittedRefresh, RefreshContext } from '@quarterjack/core'
import type { Pool } from 'pg'

/** The context, and what was recorded through it. */
export interface FakeContext extends Pick<RefreshContext, 'commitWith' | 'signal'> {
  readonly recorded: CommittedRefresh[]
}

/** Through a pool of `pg`. */
export function inTransaction(pool: Pool): FakeContext {
  return withTransactions(async (work) => {
    const client = await pool.connect()
    try {
      await client.query('begin')
      const result = await work(client)
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  })
}

/** Through whatever runs a function in a transaction. */
export function withTransactions(begin: <T>(work: (tx: unknown) => Promise<T>) => Promise<T>): FakeContext {
  const recorded: CommittedRefresh[] = []
  return {
    signal: new AbortController().signal,
    recorded,
    commitWith: async (work) => {
      recorded.push((await begin(work)) ?? {})
    },
  }
}
