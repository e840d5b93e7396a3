/** `query` and `transaction`: the user's own statements, by way of the store's client. */
import type { Driver } from '../client/driver.ts'

/** See `PgStore`. */
export type Query = <Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]) => Promise<{ readonly rows: Row[] }>

/** See `PgStore`. */
export type Transact<Client> = <Result>(work: (client: Client) => Promise<Result>) => Promise<Result>

export interface OwnWorkDeps {
  readonly driver: Driver
  /** Waits while the store is being opened; throws when it is closed, or was never opened. */
  readonly whenOpen: () => Promise<void>
}

/** Both verbs. */
export interface OwnWork<Client> {
  readonly query: Query
  readonly transaction: Transact<Client>
}

export function createOwnWork<Client>({ driver, whenOpen }: OwnWorkDeps): OwnWork<Client> {
  return {
    async query<Row>(sql: string, values: readonly unknown[] = []) {
      await whenOpen()
      return { rows: (await driver.ask(sql, values)) as Row[] }
    },
    async transaction(work) {
      await whenOpen()
      // It takes as long as the work does: nobody but its caller knows how long that may be.
      return driver.share('transaction', ({ client }) => work(client as Client), new AbortController().signal)
    },
  }
}
