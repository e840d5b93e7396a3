/**
 * The seam of postgres.js. It queues and reconnects by itself, so there is little to add but a deadline.
 *
 * Parameters are written into the statement, which then goes out as a simple query: one round trip in any case, and the
 * same through every pooler. With parameters apart, postgres.js asks for their types first, or prepares the statement, which
 * can leave a call without an answer behind a pooler that hands sessions around.
 */
import { CommitInDoubt } from './commit-in-doubt.ts'
import { untilDone } from './cut.ts'
import { inlineValues } from './inline-values.ts'
import { lastRows } from './last-rows.ts'
import { LONGEST_CALL_MS, PATIENCE_WITH_POOL_MS } from './limits.ts'
import { beginPostgresJs, isLost } from './postgres-js-begin.ts'
import type { PostgresJsQueries, PostgresJsSql } from './postgres-js-shape.ts'
import type { Connection, Row, SharedTransaction, SqlClient } from './sql-client.ts'
import { stopStatement } from './stop-statement.ts'
import { after, withinMs } from './timers.ts'

/** Its values apart, also where there are none. */
const ONE_STATEMENT = { prepare: false, simple: false }

export function createPostgresJsClient(sql: PostgresJsSql): SqlClient {
  const seam: SqlClient = {
    run({ sql: text, values = [], isUrgent = false }) {
      const asked = isUrgent ? connectionOf(connectionApart(sql) ?? sql).query(text, values) : askPatiently(sql, inlineValues(text, values))
      return withinMs(asked, LONGEST_CALL_MS, { error: () => new Error(`no answer within ${LONGEST_CALL_MS} ms`) })
    },
    ask: async (text, values) => [...((await sql.unsafe(text, [...values], ONE_STATEMENT)) as readonly unknown[])],
    transaction: (work) => beginPostgresJs(sql, (tx) => work(connectionOf(tx))),
    share: (work, signal) => shareTransaction(sql, work, signal),
    async listen(channel, listener) {
      let isOver = false
      const onMessage = (payload: string): void => {
        if (!isOver) listener.onMessage(payload)
      }
      const onListening = (): void => {
        if (!isOver) listener.onListening()
      }
      const { unlisten } = await sql.listen(channel, onMessage, onListening).catch((error: unknown) => {
        forgetChannel(sql, channel)
        throw error
      })
      return async () => {
        isOver = true
        await unlisten().catch(() => undefined)
      }
    },
    stop: async (backend) => (await seam.run(stopStatement(backend))).length > 0,
    close: async () => undefined,
  }
  return seam
}

async function shareTransaction<T>(sql: PostgresJsSql, work: (shared: SharedTransaction) => Promise<T>, signal: AbortSignal): Promise<T> {
  const { committed } = await untilDone(
    (inner) => beginPostgresJs(sql, inner),
    (tx: PostgresJsQueries) => work({ client: tx, query: connectionOf(tx).query }),
    signal,
  )
  return withinMs(committed, LONGEST_CALL_MS, {
    error: () => new CommitInDoubt(new Error(`no answer within ${LONGEST_CALL_MS} ms`)),
  }).catch((error: unknown) => {
    throw isLost(error) ? new CommitInDoubt(error) : error
  })
}

/**
 * Calls of ours leave the pool within milliseconds; what takes longer is the user's, and may wait for this very call. One
 * that is still in the queue by then goes out apart.
 */
async function askPatiently(sql: PostgresJsSql, text: string): Promise<readonly Row[]> {
  const query = sql.unsafe(text)
  let hasMoved = false
  const cancel = after(PATIENCE_WITH_POOL_MS, () => {
    if (connectionApart(sql) === undefined || query.state !== null || query.cancel === undefined) return
    hasMoved = true
    query.cancel()
  })
  try {
    return [...(await query.values())] as readonly Row[]
  } catch (error) {
    const apart = hasMoved ? connectionApart(sql) : undefined
    if (apart === undefined) throw error
    return connectionOf(apart).query(text)
  } finally {
    cancel()
  }
}

function connectionOf(queries: PostgresJsQueries): Connection {
  return {
    query: async (sql, values = []) => [...(await queries.unsafe(inlineValues(sql, values)).values())] as readonly Row[],
    exec: async (sql) => lastRows(await queries.unsafe(sql).values()) as readonly Row[],
  }
}

/** What postgres.js keeps of its connection for LISTEN, which is apart from those that the user's work may have taken. */
interface ListenFacts {
  readonly sql?: PostgresJsQueries
  readonly channels?: Record<string, unknown>
}

function connectionApart(sql: PostgresJsSql): PostgresJsQueries | undefined {
  const apart = (sql.listen as ListenFacts).sql
  return typeof apart?.unsafe === 'function' ? apart : undefined
}

/** It remembers a LISTEN that failed, and would answer the next one with the old failure. */
function forgetChannel(sql: PostgresJsSql, channel: string): void {
  const { channels } = sql.listen as ListenFacts
  if (channels !== undefined) delete channels[channel]
}
