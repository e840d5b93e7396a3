/** `commitWith`: a handler's own writes and the success of its run, committed together or not at all (engine rule 14). */
import type { RunContext } from '@quarterjack/core'
import { commitOf, QuarterjackError, type RunCommit, type StoreHint } from '@quarterjack/core/store'
import type { Driver } from '../client/driver.ts'
import { toSettleRequest } from '../rows/settle-request.ts'
import { createLimit } from './commit-limit.ts'
import { type CommitOptions, resolveCommitOptions } from './commit-options.ts'

/** See `PgStore`. */
export type CommitWith<Client> = <Result>(
  ctx: RunContext,
  work: (client: Client) => Promise<Result>,
  options?: CommitOptions,
) => Promise<Result>

export interface CommitDeps {
  readonly store: string
  readonly driver: Driver
  /** Throws when the store is closed. */
  readonly checkOpen: () => void
  readonly onHints: (hints: readonly StoreHint[]) => void
}

/** What `commits_begin` answers. */
type Begun = { readonly held: false } | { readonly held: true; readonly transaction: string }

/** What `commits_settle` answers. */
interface Settled {
  readonly status: 'settled' | 'stale' | 'ended'
  readonly hint?: readonly StoreHint[] | null
}

export function createCommitWith<Client>({ store, driver, checkOpen, onHints }: CommitDeps): CommitWith<Client> {
  return async (ctx, work, options) => {
    const { withinMs } = resolveCommitOptions(options)
    checkOpen()
    // What it says of the result comes later; who holds the run is known now.
    const { owner, settlement } = commitFor(ctx, undefined)
    const { runId, fence } = settlement
    const what = `store "${store}": commitWith of run ${runId} of job "${ctx.job}"`
    const limit = createLimit(ctx.signal)
    try {
      const { result, commit, hint } = await driver.share(
        'commitWith',
        async ({ client, call }) => {
          const begun = (await call('commits_begin', { owner, runId, fence, withinMs })) as Begun
          if (!begun.held) throw stale(what)
          limit.end(withinMs, () => tooLong(what, withinMs))
          const result = await work(client as Client)
          limit.signal.throwIfAborted()
          const commit = commitFor(ctx, result)
          const { request } = toSettleRequest([commit.settlement])
          const settled = (await call('commits_settle', {
            owner,
            runId,
            fence,
            transaction: begun.transaction,
            request: { owner, ...request },
          })) as Settled
          if (settled.status === 'stale') throw stale(what)
          if (settled.status === 'ended') throw ended(what)
          return { result, commit, hint: settled.hint ?? [] }
        },
        limit.signal,
      )
      commit.committed()
      onHints(hint)
      return result
    } finally {
      limit.clear()
    }
  }
}

/** Throws what aborted the run. */
function commitFor(ctx: RunContext, result: unknown): RunCommit {
  const commit = commitOf(ctx, result)
  if (commit !== null) return commit
  throw new QuarterjackError('InvalidOption', 'commitWith: ctx is not usable: give the very object that the handler was called with.')
}

function stale(what: string): QuarterjackError {
  return new QuarterjackError(
    'StaleLease',
    `${what} was refused: the run is not held any more. Its lease passed to another owner, or an earlier commit took effect. The transaction was rolled back.`,
  )
}

function ended(what: string): QuarterjackError {
  return new QuarterjackError(
    'InvalidOption',
    `${what} was refused: the transaction was over before the run could be settled in it. Leave COMMIT and ROLLBACK to commitWith: return to commit, throw to roll back.`,
  )
}

function tooLong(what: string, withinMs: number): QuarterjackError {
  return new QuarterjackError(
    'StoreTimedOut',
    `${what} did not end within ${withinMs} ms and was rolled back. Do less in it, or give it longer with "within", shorter than the lease.`,
  )
}
