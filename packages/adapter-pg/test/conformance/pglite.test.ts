/** The suite on PGlite, in memory: Postgres within this process, with one connection. */
import { PGlite } from '@electric-sql/pglite'
import { pgStore } from '../../src/pg-store.ts'
import { SCHEMA, type Backend, type OpenTransaction } from './backend.ts'
import { conform } from './conform.ts'

const ONE_CONNECTION = 'PGlite has one connection: whatever is asked while a transaction is open waits for its end'

conform({
  open: async () => pgliteBackend(await PGlite.create()),
  capabilities: { shared: false, durable: false, transactions: true, hints: true, windows: true, looksAhead: true },
  skip: {
    'transactions: a trigger in a transaction is visible after the commit': ONE_CONNECTION,
    'transactions: debounced triggers of open transactions do not wait for each other': ONE_CONNECTION,
    'refresh transactions: what the work wrote and the windows are committed together': ONE_CONNECTION,
    'refresh transactions: a run that ends while its work goes on commits nothing': ONE_CONNECTION,
    'refresh transactions: a mark that is drained while the work goes on is not lost, and waits for nothing': ONE_CONNECTION,
    'refresh transactions: a mark in a transaction is there when its data is': ONE_CONNECTION,
    'refresh transactions: a transaction that is open for long does not lose its mark to a later one': ONE_CONNECTION,
  },
})

function pgliteBackend(database: PGlite): Backend {
  const endings = new Set<() => Promise<void>>()
  return {
    createStore: () => pgStore({ pglite: database, schema: SCHEMA }),
    execute: async (sql) => void (await database.exec(sql)),
    query: async (sql) => (await database.query<Record<string, unknown>>(sql)).rows,
    begin: () => beginIn(database, endings),
    async endCase() {
      for (const end of endings) await end()
    },
    close: () => database.close(),
  }
}

/** PGlite has transactions around a function only; this one waits for its end to be told. */
async function beginIn(database: PGlite, endings: Set<() => Promise<void>>): Promise<OpenTransaction> {
  const { promise: ending, resolve: end } = Promise.withResolvers<'commit' | 'rollback'>()
  const { promise: begun, resolve: begin } = Promise.withResolvers<unknown>()
  const ended = database.transaction(async (tx) => {
    begin(tx)
    if ((await ending) === 'rollback') await tx.rollback()
  })
  const endBy = async (how: 'commit' | 'rollback'): Promise<void> => {
    endings.delete(rollback)
    end(how)
    await ended
  }
  const rollback = (): Promise<void> => endBy('rollback')
  endings.add(rollback)
  return { tx: await begun, commit: () => endBy('commit'), rollback }
}
