/** `pgStore`: options → driver → verbs → the store. */
import { QuarterjackError, type Store } from '@quarterjack/core/store'
import { createDriver } from './client/driver.ts'
import { quoteName } from './client/quote-name.ts'
import { createHints, type HintStatus } from './hints/hints.ts'
import { type PgStoreOptions, resolvePgStoreOptions } from './options.ts'
import { schemaParts } from './parts.ts'
import { prepareSchema } from './schema/prepare-schema.ts'
import { createCalls } from './verbs/call.ts'
import { createCommitRefresh } from './verbs/commit-refresh.ts'
import { type CommitWith, createCommitWith } from './verbs/commit-with.ts'
import { createEnqueueWithin } from './verbs/enqueue-within.ts'
import { createLeaseVerbs } from './verbs/leases.ts'
import { createMarkWithin } from './verbs/mark-within.ts'
import { createOwnWork, type Query, type Transact } from './verbs/own-work.ts'
import { createRunVerbs } from './verbs/runs.ts'
import { createScheduleVerbs } from './verbs/schedules.ts'
import { createReadWith } from './verbs/read-with.ts'
import { createWindowVerbs } from './verbs/windows.ts'
import { createWriteWith } from './verbs/write-with.ts'

/** A {@link Store} in Postgres. `Client` is what `transaction` and `commitWith` hand to their work. */
export interface PgStore<Client = unknown> extends Store {
  /** The schema that it has to itself. */
  readonly schema: string
  /** Whether hints of other processes reach this one. */
  readonly hintStatus: HintStatus
  /**
   * One statement of your own, by way of the store's client. Values travel apart from the text, and both they and the rows are
   * as that client has them; `Row` is taken on trust. It waits for a store that is being opened.
   *
   * Throws what the server says to the statement as it is, `StoreClosed` before `open()` and after `close()`, and what other
   * calls throw when the server cannot be reached.
   *
   * @example
   * const { rows } = await store.query<{ id: number }>('select id from orders where customer = $1', [customer])
   */
  readonly query: Query
  /**
   * Commits what `work` did and returns what it returned, or takes it back and throws what it threw, also when taking it back
   * fails. `work` gets the connection, as with `commitWith`, and `trigger(…, { tx })` takes it. It has no time limit.
   *
   * Otherwise it throws what the server says to COMMIT as it is; `StoreUnavailable` when a statement had failed and `work` went
   * on, so that nothing was committed, and when the answer to COMMIT got lost, so that it may have been; and, before `work` is
   * called, what `query` throws.
   *
   * @example
   * await store.transaction(async (client) => {
   *   await client.query('insert into orders (id) values ($1)', [orderId])
   *   await scheduler.trigger(ship, { orderId }, { tx: client })
   * })
   */
  readonly transaction: Transact<Client>
  /**
   * For handlers: runs `work` in a transaction that also records the success of the run, so that either both are committed or
   * neither is. What `work` returns becomes the run's result; what the handler does afterwards changes nothing any more.
   *
   * `work` gets the connection: a client of the pool, the transaction of PGlite, or the `sql` of postgres.js's `begin`.
   * It is rolled back when `work` throws, when the run is aborted, and when `within` is over. Throws what `work` threw, or
   * `StaleLease` when the run is no longer held here, or `StoreUnavailable` when the answer to COMMIT got lost: then it may
   * have taken effect, and the run's record tells. Throw on in each of these cases.
   *
   * @example
   * const ship = defineJob({
   *   name: 'ship',
   *   payload: z.object({ orderId: z.number() }),
   *   run: (ctx) => store.commitWith(ctx, async (client) => {
   *     await client.query('update orders set shipped = true where id = $1', [ctx.payload.orderId])
   *   }),
   * })
   */
  readonly commitWith: CommitWith<Client>
}

/**
 * A store in Postgres (15 or later) or in an embedded PGlite, behind a client that the service already has. Processes that
 * use the same database and schema share their work. The store never ends the client.
 *
 * `trigger(…, { tx })` joins the caller's transaction: pass the client of `pg` that began it, the transaction of PGlite,
 * or the `sql` of postgres.js's `begin`. The run exists once the transaction commits; until then its id finds nothing.
 *
 * @example
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL })
 * const scheduler = createScheduler({ store: pgStore({ pool }), jobs: [report] })
 */
export function pgStore<Client>(options: PgStoreOptions<Client>): PgStore<Client> {
  const { client, schema, migrates, hints: mode, isEmbedded, isDurable } = resolvePgStoreOptions(options)
  const name = isEmbedded ? 'pglite' : 'pg'
  const driver = createDriver(client, { store: name, schema })
  const hints = createHints(driver, { schema, mode })
  let opening: Promise<void> | null = null
  let isClosed = false

  const checkOpen = (): void => {
    if (isClosed)
      throw new QuarterjackError(
        'StoreClosed',
        `store "${name}" is closed. Close it after the last scheduler stopped; open() opens it again.`,
      )
  }
  const whenOpen = async (): Promise<void> => {
    checkOpen()
    if (opening === null)
      throw new QuarterjackError('StoreClosed', `store "${name}" is not open. Await its open(), or start a scheduler on it, before.`)
    await opening
  }
  const calls = createCalls({ driver, checkOpen, hints })
  const { call } = calls
  const enqueueWithin = createEnqueueWithin({ store: name, schema, checkOpen, news: hints.newsOfCommit })

  return {
    name,
    schema,
    capabilities: {
      shared: !isEmbedded,
      durable: isDurable,
      transactions: true,
      hints: mode !== false,
      windows: true,
      looksAhead: true,
      waitsToFire: isEmbedded ? false : 'written',
    },
    get hintStatus() {
      return hints.status
    },
    open() {
      isClosed = false
      hints.open()
      // All who ask meanwhile wait for the same; what failed is tried again by the next one.
      opening ??= prepareSchema(driver, schemaParts, { store: name, schema, migrates }).catch((error: unknown) => {
        opening = null
        throw error
      })
      return opening
    },
    async close() {
      if (isClosed) return
      isClosed = true
      opening = null
      await hints.close()
      await driver.close()
    },
    async now() {
      checkOpen()
      const rows = await driver.query('now', { sql: `select ${quoteName(schema)}.store_now()::text`, isFixed: true })
      return Number(rows[0]?.[0])
    },
    watch(listener) {
      checkOpen()
      return hints.watch(listener)
    },
    schedules: createScheduleVerbs(call),
    runs: createRunVerbs(calls, { enqueueWithin, takeNews: hints.takeNews }),
    leases: createLeaseVerbs(calls),
    windows: createWindowVerbs(call, {
      markWithin: createMarkWithin({ store: name, schema, checkOpen }),
      commitWith: createCommitRefresh({ store: name, driver, checkOpen }),
      readWith: createReadWith({ store: name, driver, checkOpen }),
      writeWith: createWriteWith({ store: name, driver, checkOpen }),
    }),
    ...createOwnWork<Client>({ driver, whenOpen }),
    commitWith: createCommitWith({ store: name, driver, checkOpen, onHints: hints.tell }),
  }
}
