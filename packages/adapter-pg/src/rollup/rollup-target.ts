/** What a rollup in SQL can do with its target: in a transaction of its own client, or of the store. */
import type { RefreshTarget, TargetContext } from '@quarterjack/core'
import { connectionWithin } from '../client/connection-within.ts'
import type { Connection, SqlClient } from '../client/sql-client.ts'
import { needsClient } from './needs-client.ts'
import type { RollupPlan } from './rollup-plan.ts'
import { restoreWithin, snapshotWithin } from './snapshot-target.ts'
import { targetSqlWithin } from './target-sql.ts'

/** `client`: the rollup's own; null: it works in transactions of the store. */
export function createTarget(plan: RollupPlan, client: SqlClient | null): RefreshTarget {
  const writing = <T>({ writeWith }: TargetContext, work: (connection: Connection) => Promise<T>): Promise<T> =>
    client === null ? writeWith((tx) => work(connectionWithin(tx))).catch(needsClient) : client.transaction(work)
  const reading = <T>({ readWith }: TargetContext, work: (connection: Connection) => Promise<T>): Promise<T> =>
    client === null ? readWith((tx) => work(connectionWithin(tx))).catch(needsClient) : client.transaction(work)
  return Object.freeze({
    async snapshot(range, ctx) {
      const { table, rows } = await writing(ctx, (connection) => snapshotWithin(connection, plan, range))
      return { snapshot: table, rows }
    },
    restore: (snapshot, ctx) => writing(ctx, (connection) => restoreWithin(connection, plan, snapshot)),
    sql: (ctx) => reading(ctx, (connection) => targetSqlWithin(connection, plan)),
    examine: async () => [],
  } satisfies RefreshTarget)
}
