/** The user's own open transaction, of whichever client: one statement within it. */
import { QuarterjackError } from '@quarterjack/core/store'

/**
 * What `tx` may be: a client of `pg` between BEGIN and COMMIT, a transaction of PGlite, the `sql` that postgres.js gives
 * to `begin`, or anything else with such a `query` or `unsafe`.
 */
export type UserTransaction =
  | { query(sql: string, values: unknown[]): PromiseLike<{ readonly rows: readonly unknown[] }> }
  | { unsafe(sql: string, values: string[]): PromiseLike<readonly unknown[]> }

/** Sends one statement and gives the first column of its first row. Errors are the client's own. */
export async function queryWithin(tx: unknown, sql: string, values: readonly string[]): Promise<unknown> {
  if (hasMethod(tx, 'unsafe')) return firstOf(await (tx.unsafe(sql, [...values]) as PromiseLike<readonly unknown[]>))
  if (hasMethod(tx, 'query')) return firstOf(((await tx.query(sql, [...values])) as { readonly rows: readonly unknown[] }).rows)
  throw new QuarterjackError(
    'InvalidOption',
    "tx is not usable: give the pg client that began the transaction, the transaction of PGlite, or the sql of postgres.js's begin().",
  )
}

function hasMethod<Name extends string>(
  value: unknown,
  name: Name,
): value is Readonly<Record<Name, (sql: string, values: unknown[]) => unknown>> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isObject && typeof (value as Readonly<Record<string, unknown>>)[name] === 'function'
}

function firstOf(rows: readonly unknown[]): unknown {
  const row = rows[0]
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined
}
