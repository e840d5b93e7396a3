/** Work on the user's database, through a client or in a transaction that they opened. */
import { connectionWithin } from '../client/connection-within.ts'
import type { Connection } from '../client/sql-client.ts'
import type { UserTransaction } from '../client/user-transaction.ts'
import { type PgClientOptions, resolveClient } from '../options.ts'

/** A client of Postgres, or a transaction of one that is open. */
export type PgAccess = PgClientOptions | { readonly tx: UserTransaction }

/** In a transaction of its own, or in the one that was given. `what` names the caller in errors. */
export function withinClient<T>(access: PgAccess, what: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  if (typeof access === 'object' && access !== null && 'tx' in access) return work(connectionWithin(access.tx))
  return resolveClient(access, what).transaction(work)
}
