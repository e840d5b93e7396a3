/** Rollups in SQL: from a table of events, or from a finer rollup, to a table with a row per window and group. */
import type { RefreshContext, RefreshRequest, RefreshResult } from '@quarterjack/core'
import { QuarterjackError } from '@quarterjack/core/store'
import { checkOptions } from '../check-options.ts'
import { connectionWithin } from '../client/connection-within.ts'
import type { Connection, SqlClient } from '../client/sql-client.ts'
import { clientIn } from '../options.ts'
import { lockWindows } from './lock-windows.ts'
import { refreshWindows, toCommitted } from './refresh-windows.ts'
import {
  composedOptions,
  type ComposedRollupOptions,
  freeOptions,
  type FreeRollupOptions,
  type RollupClient,
  sourceOptions,
  type SourceRollupOptions,
} from './rollup-options.ts'
import { type PlannedRollup, planComposed, planFree, planSource, type RollupParts, type RollupPlan } from './rollup-plan.ts'
import { stoppable } from './stoppable.ts'
import { prepareTarget } from './target.ts'

/** The `refresh` of a rollup, in SQL. Made by {@link sqlRollup}, frozen. */
export interface SqlRollup {
  (request: RefreshRequest, ctx: Pick<RefreshContext, 'commitWith' | 'signal'>): Promise<RefreshResult | undefined>
  /** What its statements are written from. */
  readonly plan: RollupPlan
  /** What a coarser rollup may be made of; null for the user's own SELECT. */
  readonly parts: RollupParts | null
  /** The client that it was given. Null: it works in transactions of the store. */
  readonly client: SqlClient | null
}

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
  const inherited = 'from' in options ? (options.from as Partial<SqlRollup>).client : null
  const client = clientIn(options as RollupClient, 'sqlRollup') ?? inherited ?? null
  // Its columns, once it was looked at; what was made in a transaction is there when that is committed.
  let values: readonly string[] | null = null

  const refreshWithin = async (connection: Connection, windows: RefreshRequest['windows']) => {
    const known = values ?? (await prepareTarget(connection, plan))
    return { known, result: toCommitted(await refreshWindows(connection, { plan, values: known }, windows), plan.target) }
  }

  const inStore = async ({ windows }: RefreshRequest, { commitWith }: Pick<RefreshContext, 'commitWith'>): Promise<undefined> => {
    let found: readonly string[] = []
    await commitWith(async (tx) => {
      const { known, result } = await refreshWithin(connectionWithin(tx), windows)
      found = known
      return result
    }).catch(needsClient)
    values = found
  }

  const inOwn = async (own: SqlClient, { windows }: RefreshRequest, signal: AbortSignal): Promise<RefreshResult> => {
    const { known, result } = await stoppable(own, signal, async (connection) => {
      await lockWindows(connection, plan.target, windows)
      return await refreshWithin(connection, windows)
    })
    values = known
    return { suspect: result.suspect }
  }

  const refresh = async (
    request: RefreshRequest,
    ctx: Pick<RefreshContext, 'commitWith' | 'signal'>,
  ): Promise<RefreshResult | undefined> => {
    try {
      return client === null ? await inStore(request, ctx) : await inOwn(client, request, ctx.signal)
    } catch (error) {
      // The table may have been changed or dropped: the next refresh looks again, and says what is wrong or makes it anew.
      values = null
      throw error
    }
  }
  return Object.freeze(Object.assign(refresh, { plan: Object.freeze(plan), parts: Object.freeze(parts), client }))
}

function planOf(options: unknown): PlannedRollup {
  if (typeof options === 'object' && options !== null) {
    if ('from' in options) return planComposed(checkOptions(composedOptions, options, 'sqlRollup'))
    if ('select' in options) return planFree(checkOptions(freeOptions, options, 'sqlRollup'))
  }
  return planSource(checkOptions(sourceOptions, options, 'sqlRollup'))
}

function needsClient(error: unknown): never {
  if (!QuarterjackError.isInstance(error, 'TransactionsUnsupported')) throw error
  throw new QuarterjackError(
    'TransactionsUnsupported',
    'sqlRollup: the store shares no transactions, so the rollup needs a client of its own: sqlRollup({ pool, … }).',
    { cause: error },
  )
}
