/** A transaction of `pg` that the user's statements and ours share. */
import { isAnswered } from './answered.ts'
import { CommitInDoubt } from './commit-in-doubt.ts'
import { untilCut } from './cut.ts'
import type { PgClient } from './node-pg-own.ts'
import type { Row, SharedTransaction } from './sql-client.ts'
import { TakenBack } from './taken-back.ts'
import { Unusable } from './unusable.ts'

/** When to stop, and how long to wait for an answer to what we ask. */
export interface ShareOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** The result of `work`, or its error when nothing came of it. Throws `Unusable`, or `CommitInDoubt`, when the connection is of no more use. */
export async function shareTransaction<T>(
  client: PgClient,
  work: (shared: SharedTransaction) => Promise<T>,
  { signal, timeoutMs }: ShareOptions,
): Promise<{ readonly result: T } | { readonly error: unknown }> {
  const ask = async (text: string, values: readonly string[] = []): Promise<readonly Row[]> => {
    const { rows } = await client.query({ text, values: [...values], rowMode: 'array', query_timeout: timeoutMs })
    return rows as readonly Row[]
  }
  // It may have waited for a connection for long.
  if (signal.aborted) return { error: signal.reason }
  await ask('begin')
  let hasEnded = false
  let result: T
  try {
    result = await untilCut(
      work({ client, query: ask }).finally(() => {
        hasEnded = true
      }),
      signal,
    )
  } catch (error) {
    // Given back, the connection would let the rest of the work go on outside of any transaction: it is closed instead.
    if (!hasEnded) throw new Unusable(error)
    await ask('rollback').catch(() => {
      throw new Unusable(error)
    })
    return { error }
  }
  try {
    // The server does not call it an error.
    if ((await client.query({ text: 'commit', query_timeout: timeoutMs })).command === 'ROLLBACK') return { error: new TakenBack() }
  } catch (error) {
    // A constraint that is checked at the end: the server has taken everything back.
    if (isAnswered(error)) return { error }
    throw new CommitInDoubt(error)
  }
  return { result }
}
