/** `windows.commitWith`: the rows of a refresh, and the record that it was made, committed together or not at all. */
import { QuarterjackError, type WindowCommitReply, type WindowStore } from '@quarterjack/core/store'
import type { Driver } from '../client/driver.ts'
import type { Backend } from '../client/sql-client.ts'
import { whileWanted } from '../client/stop-statement.ts'
import { createLimit } from './commit-limit.ts'

export interface CommitRefreshDeps {
  readonly store: string
  readonly driver: Driver
  /** Throws when the store is closed. */
  readonly checkOpen: () => void
}

/** All of it; who refreshes has a time limit of his own, which is shorter as a rule. */
const LONGEST_MS = 600_000
/** A process that freezes between two statements holds its locks for so long. */
const LONGEST_PAUSE_MS = 10_000
/** Who lives ends the transaction by itself, before the server does. */
const GRACE_MS = 1_000

/** What `commits_refresh` answers. */
interface Recorded {
  readonly status: WindowCommitReply['status'] | 'ended' | 'repeated'
  readonly watermark: number | null
  readonly storeNow: number
}

/** Rolls the transaction back, and becomes the reply. */
class Refused extends Error {
  readonly reply: Recorded

  constructor(reply: Recorded) {
    super(reply.status)
    this.reply = reply
  }
}

export function createCommitRefresh({ store, driver, checkOpen }: CommitRefreshDeps): NonNullable<WindowStore['commitWith']> {
  const what = `store "${store}": windows.commitWith`
  return async ({ work, signal, withinMs = LONGEST_MS, now }) => {
    checkOpen()
    const limit = createLimit(signal)
    try {
      return toReply(
        await driver.share(
          'windows.commitWith',
          async ({ client, call }) => {
            const limits = { withinMs: Math.min(withinMs, LONGEST_MS) + GRACE_MS, idleMs: LONGEST_PAUSE_MS + GRACE_MS }
            const { transaction, ...backend } = (await call('commits_open', limits)) as Backend & { readonly transaction: string }
            limit.end(LONGEST_MS, () => tooLong(what))
            const commit = await whileWanted(driver.stop, { ...backend, signal: limit.signal }, () => work(client))
            limit.signal.throwIfAborted()
            const recorded = (await call('commits_refresh', { transaction, commit, now })) as Recorded
            if (recorded.status === 'ended') throw ended(what)
            // Its rows stand there already, and whoever holds the windows since may have written newer ones.
            if (recorded.status === 'repeated') throw new Refused({ ...recorded, status: 'committed' })
            if (recorded.status !== 'committed') throw new Refused(recorded)
            return recorded
          },
          limit.signal,
        ),
      )
    } catch (error) {
      if (error instanceof Refused) return toReply(error.reply)
      // The server says that its statement was stopped, and not why. Whether a commit took effect is another matter.
      if (limit.signal.aborted && !QuarterjackError.isInstance(error, 'StoreUnavailable')) throw limit.signal.reason
      throw error
    } finally {
      limit.clear()
    }
  }
}

function toReply({ status, watermark, storeNow }: Recorded): Awaited<ReturnType<NonNullable<WindowStore['commitWith']>>> {
  return { reply: { status: status as WindowCommitReply['status'], watermark }, storeNow }
}

function ended(what: string): QuarterjackError {
  return new QuarterjackError(
    'InvalidOption',
    `${what} was refused: the transaction was over before the refresh could be recorded in it. Leave COMMIT and ROLLBACK to it: return to commit, throw to roll back.`,
  )
}

function tooLong(what: string): QuarterjackError {
  return new QuarterjackError(
    'StoreTimedOut',
    `${what} did not end within ${LONGEST_MS} ms and was rolled back. Refresh fewer windows at a time.`,
  )
}
