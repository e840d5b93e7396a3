/** Materialized views as jobs: refreshed on a schedule, or after the jobs that feed them. */
import { QuarterjackError } from '@quarterjack/core/store'
import { type PgClientOptions, resolveClient } from '../options.ts'
import { stoppable } from './stoppable.ts'
import { quoteTable, tableName } from '../client/table-name.ts'

/** Options of {@link refreshMaterializedView}. */
export interface MaterializedViewOptions {
  /** Readers go on while it is refreshed. Needs a unique index on the view, over all rows; costs more. Default false: readers wait. */
  readonly concurrently?: boolean
}

/** What a job's handler gets, as far as it is needed here. */
interface Context {
  readonly signal: AbortSignal
}

/**
 * The `run` of a job that refreshes a materialized view, `name` or `schema.name`, through a client of the user's:
 * `run: refreshMaterializedView({ pool }, 'recent_activity', { concurrently: true })`. Stops the statement when the run is
 * aborted: by its timeout, a cancel, a lost lease. The user must own the view. Throws `InvalidOption` at once for a name that is
 * not usable; the run fails as the statement does. Two at a time wait for each other: give the job `overlap: 'skip'`.
 */
export function refreshMaterializedView(
  client: PgClientOptions,
  view: string,
  { concurrently = false }: MaterializedViewOptions = {},
): (context: Context) => Promise<void> {
  const sql = resolveClient(client, 'refreshMaterializedView')
  if (!tableName.safeParse(view).success) {
    throw new QuarterjackError(
      'InvalidOption',
      `refreshMaterializedView: ${JSON.stringify(view)} is not usable as a view. Write name or schema.name, of letters, digits and "_".`,
    )
  }
  const statement = `refresh materialized view ${concurrently ? 'concurrently ' : ''}${quoteTable(view)}`
  return ({ signal }) => stoppable(sql, { signal }, async (connection) => void (await connection.query(statement)))
}
