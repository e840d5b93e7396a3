/** Rollups in SQL: from a table of events, or from a finer rollup, to a table with a row per window and group. */
import { createHash } from 'node:crypto'
import type { CommittedRefresh, Drift, RefreshContext, RefreshRequest, RefreshResult, RefreshTarget, Verify } from '@quarterjack/core'
import { connectionWithin } from '../client/connection-within.ts'
import type { Connection, SqlClient } from '../client/sql-client.ts'
import { clientIn } from '../options.ts'
import { lockWindows } from './lock-windows.ts'
import { needsClient } from './needs-client.ts'
import { planComposed, planFree, planSource } from './plan-rollup.ts'
import { type KnownTarget, refreshKnown } from './refresh-known.ts'
import { refreshWindows, toCommitted } from './refresh-windows.ts'
import {
  checkComposedOptions,
  checkFreeOptions,
  checkSourceOptions,
  type ComposedRollupOptions,
  type FreeRollupOptions,
  type RollupClient,
  type SourceRollupOptions,
} from './rollup-options.ts'
import type { PlannedRollup, RollupParts, RollupPlan } from './rollup-plan.ts'
import { createTarget } from './rollup-target.ts'
import { stoppable } from './stoppable.ts'
import { prepareTarget } from './target.ts'
import { identityOf } from './target-identity.ts'
import { type DriftedRow, verifyWithin } from './verify-rollup.ts'

/** What of its context such a refresh uses. */
export type SqlRefreshContext = Pick<RefreshContext, 'commitWith' | 'signal'> & Partial<Pick<RefreshContext, 'timeoutMs'>>

/** The `refresh` of a rollup, in SQL. Made by {@link sqlRollup}, frozen. */
export interface SqlRollup {
  (request: RefreshRequest, ctx: SqlRefreshContext): Promise<RefreshResult | undefined>
  /** What `scheduler.rollups.verify` asks. */
  readonly verify: Verify
  /** What `scheduler.rollups.snapshot`, `restore`, `targetSql` and `examine` ask. */
  readonly target: RefreshTarget
  /** Differs where its statements do: processes with other ones do not refresh the same rollup. */
  readonly revision: string
  /** What its statements are written from. */
  readonly plan: RollupPlan
  /** What a coarser rollup may be made of; null for the user's own SELECT. */
  readonly parts: RollupParts | null
}

/** Rows that differ, of one batch of windows. */
const MOST_DRIFT = 1_000

/** Those that were given one; others work in transactions of the store. */
const clients = new WeakMap<object, SqlClient>()

/**
 * The `refresh` of a rollup whose source and target are tables: `refresh: sqlRollup({ source, time, target, by, measures })`. Recomputes
 * the windows in one statement: deletes groups that are gone, writes the rows that differ and no others. With a Postgres store, rows
 * and the state of the windows are committed together. With another one, give it a client: `sqlRollup({ pool, … })`.
 *
 * The target is made when it is not there, and checked once per process when it is. Throws `InvalidOption` at once where an option is
 * not usable, or where a measure that is asked of a finer rollup cannot be put together from its windows; the refresh throws it where
 * the target does not fit, and leaves everything as it is.
 *
 * @example
 * const hourly = sqlRollup({ source: 'calls', time: 'at', target: 'calls_hourly', by: ['model'], measures: { calls: count(), p95: percentile(0.95, 'ms') } })
 * const daily = sqlRollup({ from: hourly, target: 'calls_daily', measures: ['calls'] })
 */
export function sqlRollup(options: SourceRollupOptions | ComposedRollupOptions | FreeRollupOptions): SqlRollup {
  const { plan, parts } = planOf(options)
  const inherited = 'from' in options ? clients.get(options.from) : undefined
  const client = clientIn(options as RollupClient, 'sqlRollup') ?? inherited ?? null
  let known: KnownTarget | null = null

  const refreshWithin = async (connection: Connection, { windows }: RefreshRequest): Promise<CommittedRefresh> => {
    const refreshed = known === null ? null : await refreshKnown(connection, plan, { known, windows })
    if (refreshed !== null) return toCommitted(refreshed, plan.target)
    const identity = await identityOf(connection, plan.target)
    const values = await prepareTarget(connection, plan)
    // One that was made just now is looked at again when it is there for good.
    known = identity === null ? null : { identity, values }
    return toCommitted((await refreshWindows(connection, { plan, values }, windows)).windows, plan.target)
  }

  const inStore = async (request: RefreshRequest, { commitWith }: SqlRefreshContext): Promise<undefined> => {
    await commitWith((tx) => refreshWithin(connectionWithin(tx), request)).catch(needsClient)
    return undefined
  }

  const inOwn = async (own: SqlClient, request: RefreshRequest, ctx: SqlRefreshContext): Promise<RefreshResult> => {
    const { suspect } = await stoppable(own, ctx, async (connection) => {
      await lockWindows(connection, plan.target, request.windows)
      return await refreshWithin(connection, request)
    })
    return { suspect }
  }

  const refresh = async (request: RefreshRequest, ctx: SqlRefreshContext): Promise<RefreshResult | undefined> => {
    try {
      return client === null ? await inStore(request, ctx) : await inOwn(client, request, ctx)
    } catch (error) {
      // Its columns may have been changed: the next refresh looks again, and says what is wrong.
      known = null
      throw error
    }
  }
  const verify: Verify = async ({ windows }, { readWith }) => {
    const asked = { windows, limit: MOST_DRIFT }
    const rows =
      client === null
        ? await readWith((tx) => verifyWithin(connectionWithin(tx), plan, asked)).catch(needsClient)
        : await client.transaction((connection) => verifyWithin(connection, plan, asked))
    return rows.map(toDrift)
  }
  const revision = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16)
  const reads = 'source' in options ? { source: options.source, time: options.time } : null
  const target = createTarget({ plan, reads, client })
  const rollup = Object.freeze(Object.assign(refresh, { plan: Object.freeze(plan), parts: Object.freeze(parts), verify, target, revision }))
  if (client !== null) clients.set(rollup, client)
  return rollup
}

function planOf(options: unknown): PlannedRollup {
  if (typeof options === 'object' && options !== null) {
    if ('from' in options) return planComposed(checkComposedOptions(options))
    if ('select' in options) return planFree(checkFreeOptions(options))
  }
  return planSource(checkSourceOptions(options))
}

function toDrift({ window, key, expected, found }: DriftedRow): Drift {
  const text = (values: DriftedRow['found']): string | null => (values === null ? null : JSON.stringify(values))
  return { window, key: Object.values(key).join(' '), expected: text(expected), found: text(found) }
}
