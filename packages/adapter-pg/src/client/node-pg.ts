/** The seam of `pg` (node-postgres): calls take a connection of the user's pool for one statement and give it back. */
import { createHash } from 'node:crypto'
import { isAnswered } from './answered.ts'
import { LONGEST_CALL_MS, LONGEST_STEP_MS, LONGEST_WAIT_FOR_CONNECTION_MS, PATIENCE_WITH_POOL_MS } from './limits.ts'
import { lastRows } from './last-rows.ts'
import { createPgListen } from './node-pg-listen.ts'
import { createSpare } from './node-pg-spare.ts'
import { shareTransaction } from './node-pg-share.ts'
import { ignoreError, ownConnectionOf, type PgClient, type PgQuery } from './node-pg-own.ts'
import type { Connection, Row, SqlClient, Statement } from './sql-client.ts'
import { stopStatement } from './stop-statement.ts'
import { withinMs } from './timers.ts'
import { Unusable } from './unusable.ts'

/** The part of a pool of `pg` that the store uses. Anything of this shape serves. */
export interface PgPool<Client extends PgPoolClient = PgPoolClient> {
  connect(): Promise<Client>
  // As `pg` declares it: only so can a compiler tell what the pool's clients are.
  connect(callback: never): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** A connection of a {@link PgPool}. */
export interface PgPoolClient extends PgClient {
  release(error?: Error | boolean): void
}

/** What a pool tells of itself. All of it may be missing in look-alikes. */
interface PoolFacts {
  readonly totalCount?: unknown
  readonly idleCount?: unknown
  readonly waitingCount?: unknown
  readonly options?: { readonly max?: unknown; readonly query_timeout?: unknown }
}

/** A prepared statement that this server does not know, or knows already: a pooler hands out other servers' sessions. */
const PREPARED_ELSEWHERE: ReadonlySet<unknown> = new Set(['26000', '42P05'])

const watched = new WeakSet<PgPool>()

export function createNodePgClient(pool: PgPool): SqlClient {
  watchErrors(pool)
  const own = ownConnectionOf(pool)
  const line = own === null ? null : createPgListen(own)
  const spares = own === null ? null : { urgent: createSpare(own), ordinary: createSpare(own) }
  const timeoutMs = callTimeout(pool)
  let isPreparing = true
  /** The pool gave none in time, and has had no room since. */
  let isTaken = false

  const ask = async (client: PgClient, statement: Statement): Promise<readonly Row[]> => {
    const query: PgQuery = { text: statement.sql, values: [...(statement.values ?? [])], rowMode: 'array', query_timeout: timeoutMs }
    if (statement.isFixed !== true || !isPreparing) return rowsOf(await client.query(query))
    try {
      return rowsOf(await client.query({ ...query, name: nameOf(statement.sql) }))
    } catch (error) {
      // Refused before anything was executed.
      if (!PREPARED_ELSEWHERE.has(codeOf(error))) throw error
      isPreparing = false
      return rowsOf(await client.query(query))
    }
  }

  const withClient = async <T>(work: (client: PgClient) => Promise<T>): Promise<T> => serve(await checkOut(pool), work)

  const serve = async <T>(client: PgPoolClient, work: (client: PgClient) => Promise<T>): Promise<T> => {
    client.on('error', ignoreError)
    let broken: Error | undefined
    try {
      return await work(client)
    } catch (error) {
      broken = isAnswered(error) ? undefined : asError(error)
      throw error instanceof Unusable ? error.cause : error
    } finally {
      client.removeListener('error', ignoreError)
      client.release(broken)
    }
  }

  const seam: SqlClient = {
    async run(statement) {
      const work = (client: PgClient): Promise<readonly Row[]> => ask(client, statement)
      const viaPool = (): Promise<readonly Row[]> => withClient(work)
      const awake = statement.isHeard === true ? (line?.take() ?? null) : null
      if (line !== null && awake !== null) return line.serve(awake, work, viaPool)
      const isRoomy = hasRoom(pool)
      if (isRoomy) isTaken = false
      if (spares === null || isRoomy) return viaPool()
      if (statement.isUrgent === true) return spares.urgent.use(work, viaPool)
      // Calls of ours leave the pool within milliseconds; what takes longer is the user's, and may wait for this very call.
      const client = isTaken && spares.ordinary.isFree ? null : await checkOutSoon(pool)
      isTaken = client === null
      return client === null ? spares.ordinary.use(work, viaPool) : serve(client, work)
    },
    ask: (sql, values) =>
      withClient(async (client) => (await client.query({ text: sql, values: [...values], queryMode: 'extended' })).rows),
    async transaction(work) {
      const done = await withClient((client) => transact(client, work, timeoutMs))
      if ('error' in done) throw done.error
      return done.result
    },
    async share(work, signal) {
      const done = await withClient((client) => shareTransaction(client, work, { signal, timeoutMs }))
      if ('error' in done) throw done.error
      return done.result
    },
    stop: async (backend) => (await seam.run(stopStatement(backend))).length > 0,
    listen: line?.listen ?? null,
    close: async () => void (await Promise.all([spares?.urgent.close(), spares?.ordinary.close()])),
  }
  return seam
}

/** The result of `work`, or its error when everything is as it was before. Throws `Unusable` when it is not. */
async function transact<T>(
  client: PgClient,
  work: (connection: Connection) => Promise<T>,
  timeoutMs: number,
): Promise<{ readonly result: T } | { readonly error: unknown }> {
  await client.query({ text: 'begin', query_timeout: timeoutMs })
  try {
    const result = await work(connectionOf(client))
    await client.query({ text: 'commit', query_timeout: timeoutMs })
    return { result }
  } catch (error) {
    await client.query({ text: 'rollback', query_timeout: timeoutMs }).catch(() => {
      throw new Unusable(error)
    })
    return { error }
  }
}

function connectionOf(client: PgClient): Connection {
  const limit = { query_timeout: LONGEST_STEP_MS }
  return {
    query: async (sql, values = []) => rowsOf(await client.query({ text: sql, values: [...values], rowMode: 'array', ...limit })),
    exec: async (sql) => lastRows(await client.query({ text: sql, rowMode: 'array', ...limit })) as readonly Row[],
  }
}

/**
 * An idle connection that dies makes its pool emit `error`, and without a listener that ends the process. The pool has
 * already put the connection away, and the next call makes another: there is nothing to do, and nothing to hide from
 * the user's own listeners. Ours stays for as long as the pool lives. The same holds for a connection that dies with the
 * packet that opened it: its pool has let go of it by then, and whoever awaits it does not have it yet.
 */
function watchErrors(pool: PgPool): void {
  if (watched.has(pool)) return
  watched.add(pool)
  pool.on('error', ignoreError)
  const opening = pool as unknown as { readonly on: (event: 'connect', listener: (client: PgClient) => void) => unknown }
  opening.on('connect', (client) => void client.on('error', ignoreError))
}

async function checkOut(pool: PgPool): Promise<PgPoolClient> {
  // What is idle is handed out at once: nobody has to watch over that.
  if (hasIdle(pool)) return pool.connect()
  return withinMs(pool.connect(), LONGEST_WAIT_FOR_CONNECTION_MS, {
    error: () => new Error(`no connection of the pool became free within ${LONGEST_WAIT_FOR_CONNECTION_MS} ms`),
    onLate: (client) => client.release(),
  })
}

/** Null when none became free within a moment; the one that comes later is given back. */
async function checkOutSoon(pool: PgPool): Promise<PgPoolClient | null> {
  const late = new Error('late')
  try {
    return await withinMs(pool.connect(), PATIENCE_WITH_POOL_MS, { error: () => late, onLate: (client) => client.release() })
  } catch (error) {
    if (error === late) return null
    throw error
  }
}

/** Whether a call would be served at once. A pool that does not tell is believed to have room. */
function hasRoom(pool: PgPool): boolean {
  const { totalCount, idleCount, waitingCount, options } = pool as PoolFacts
  const max = options?.max
  if (typeof totalCount !== 'number' || typeof idleCount !== 'number' || typeof waitingCount !== 'number' || typeof max !== 'number')
    return true
  return idleCount + Math.max(0, max - totalCount) > waitingCount
}

/** Whether a connection stands ready that nobody waits for. */
function hasIdle(pool: PgPool): boolean {
  const { idleCount, waitingCount } = pool as PoolFacts
  return typeof idleCount === 'number' && typeof waitingCount === 'number' && idleCount > waitingCount
}

function callTimeout(pool: PgPool): number {
  const given = (pool as PoolFacts).options?.query_timeout
  return typeof given === 'number' && given > 0 ? Math.min(given, LONGEST_CALL_MS) : LONGEST_CALL_MS
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

function rowsOf(result: { readonly rows: readonly unknown[] }): readonly Row[] {
  return result.rows as readonly Row[]
}

const names = new Map<string, string>()

/** Of the text alone: where a pooler mixes sessions up, the same name means the same statement. */
function nameOf(sql: string): string {
  const known = names.get(sql)
  if (known !== undefined) return known
  const name = `qj_${createHash('sha256').update(sql).digest('hex').slice(0, 24)}`
  names.set(sql, name)
  return name
}
