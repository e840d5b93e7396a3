/** What a rollup in SQL can do with its target: in a transaction of its own client, or of the store. */
import type { RefreshTarget, TargetContext } from '@quarterjack/core'
import { examineSource } from '../capture/examine-source.ts'
import { connectionWithin } from '../client/connection-within.ts'
import type { Connection, SqlClient } from '../client/sql-client.ts'
import { PG_STORE_DEFAULTS } from '../options.ts'
import { needsClient } from './needs-client.ts'
import type { RollupPlan } from './rollup-plan.ts'
import { restoreWithin, snapshotWithin } from './snapshot-target.ts'
import { targetSqlWithin } from './target-sql.ts'

/** What a target is made from. */
export interface TargetParts {
  readonly plan: RollupPlan
  /** The table that the rollup reads, and its column of instants; null where it is made of a finer one, or of the user's own SELECT. */
  readonly reads: { readonly source: string; readonly time: string } | null
  /** The rollup's own; null: it works in transactions of the store. */
  readonly client: SqlClient | null
}

export function createTarget({ plan, reads, client }: TargetParts): RefreshTarget {
  const writing = <T>({ writeWith }: TargetContext, work: (connection: Connection) => Promise<T>): Promise<T> =>
    client === null ? writeWith((tx) => work(connectionWithin(tx))).catch(needsClient) : client.transaction(work)
  const reading = <T>({ readWith }: TargetContext, work: (connection: Connection) => Promise<T>): Promise<T> =>
    client === null ? readWith((tx) => work(connectionWithin(tx))).catch(needsClient) : client.transaction(work)
  return Object.freeze({
    async snapshot(range, ctx) {
      const { table, rows } = await writing(ctx, (connection) => snapshotWithin(connection, plan, range))
      return { snapshot: table, rows }
    },
    restore: (snapshot, { writeWith, markParents }) =>
      client === null
        ? writeWith(async (tx) => {
            const restored = await restoreWithin(connectionWithin(tx), plan, snapshot)
            await markParents(tx, restored)
            return restored
          }).catch(needsClient)
        : client.transaction((connection) => restoreWithin(connection, plan, snapshot)),
    sql: (ctx) => reading(ctx, (connection) => targetSqlWithin(connection, plan)),
    async examine({ store, isComplete, ...ctx }) {
      if (reads === null) return []
      const id = { ...reads, schema: schemaOf(store) }
      return await reading(ctx, (connection) => examineSource(connection, id, isComplete))
    },
  } satisfies RefreshTarget)
}

/** Of a store of ours; marks of another store are nowhere in this database. */
function schemaOf(store: object): string {
  return 'schema' in store && typeof store.schema === 'string' ? store.schema : PG_STORE_DEFAULTS.schema
}
