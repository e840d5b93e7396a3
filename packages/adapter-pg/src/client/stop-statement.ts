/** What the server does within a transaction, stopped once somebody no longer wants it. */
import type { Backend, SqlClient, Statement } from './sql-client.ts'
import { pause } from './timers.ts'

/** A stop that comes between two statements stops nothing. */
const AGAIN_MS = 50
const MOST_STOPS = 40

/** Answers a row while that transaction is there. */
export function stopStatement({ backend, begunAt }: Backend): Statement {
  return {
    sql: `select pg_cancel_backend(a.pid)::text from pg_stat_activity a where a.pid = $1::int and extract(epoch from a.xact_start)::text = $2`,
    values: [backend, begunAt],
    isUrgent: true,
  }
}

/** What `work` gives. Once `signal` has aborted, its statements are stopped at the server until the transaction is over. */
export async function whileWanted<T>(
  stop: SqlClient['stop'],
  { signal, ...backend }: Backend & { readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const onAbort = (): void => void stopAll(stop, backend).catch(() => undefined)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    return await work()
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function stopAll(stop: SqlClient['stop'], backend: Backend): Promise<void> {
  for (let stops = 0; stop !== null && stops < MOST_STOPS && (await stop(backend)); stops++) await pause(AGAIN_MS)
}
