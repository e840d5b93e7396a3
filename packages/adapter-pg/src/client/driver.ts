/** A user's client as the store speaks to it: functions of its schema by name, and coded errors. */
import { QuarterjackError } from '@quarterjack/core/store'
import { decodeText, encodeText } from '../rows/text.ts'
import { isAnswered } from './answered.ts'
import { codedError } from './coded-errors.ts'
import { CommitInDoubt } from './commit-in-doubt.ts'
import { quoteName } from './quote-name.ts'
import type { ChannelListener, Connection, Row, SqlClient, Statement, Unlisten } from './sql-client.ts'
import { TakenBack } from './taken-back.ts'

/** How a function is called. */
export interface CallOptions {
  /** It must not wait behind the user's own work. */
  readonly isUrgent?: boolean
  /** See {@link Statement.isHeard}. */
  readonly isHeard?: boolean
}

/** A transaction that the user's statements and ours share. */
export interface SharedCalls {
  /** The user's own kind of client, for their part of it. */
  readonly client: unknown
  call(fn: string, request: object): Promise<unknown>
}

/** Everything that reaches the server goes through here. Whatever throws has a code. */
export interface Driver {
  /** Calls a function of the schema: JSON in, JSON out, one round trip. */
  call(fn: string, request: object, options?: CallOptions): Promise<unknown>
  /** The same for a function of several texts: JSON out, or null. */
  callWith(fn: string, values: readonly string[], options?: CallOptions): Promise<unknown>
  /** One statement. `what` names it in errors. */
  query(what: string, statement: Statement): Promise<readonly Row[]>
  /** {@link SqlClient.ask}: what the server says to the statement is thrown as it is. */
  ask(sql: string, values: readonly unknown[]): Promise<readonly unknown[]>
  transaction<T>(what: string, work: (connection: Connection) => Promise<T>): Promise<T>
  /** {@link SqlClient.share}: what `work` throws, and what the server says to COMMIT, is thrown as it is. */
  share<T>(what: string, work: (shared: SharedCalls) => Promise<T>, signal: AbortSignal): Promise<T>
  readonly stop: SqlClient['stop']
  /** Null where the client has no way to hear a channel. */
  readonly listen: ((channel: string, listener: ChannelListener) => Promise<Unlisten>) | null
  close(): Promise<void>
}

/** Who speaks, and of which schema. */
export interface DriverOptions {
  /** The store's name. */
  readonly store: string
  readonly schema: string
}

export function createDriver(client: SqlClient, { store, schema }: DriverOptions): Driver {
  const texts = new Map<string, string>()
  /** By how many values there are. */
  const textsWith = new Map<string, Readonly<Record<number, string>>>()

  const textOf = (fn: string): string => {
    const known = texts.get(fn)
    if (known !== undefined) return known
    // Text there and back: every client has its own idea of JSON, and postgres.js would quote it twice.
    const text = `select ${quoteName(schema)}.${fn}($1::text::json)::text`
    texts.set(fn, text)
    return text
  }

  const textWith = (fn: string, count: number): string => {
    const known = textsWith.get(fn)?.[count]
    if (known !== undefined) return known
    const places = Array.from({ length: count }, (_, n) => `$${n + 1}::text`)
    const text = `select ${quoteName(schema)}.${fn}(${places.join(', ')})`
    textsWith.set(fn, { ...textsWith.get(fn), [count]: text })
    return text
  }

  const coded = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      throw codedError(error, { store, schema, what })
    }
  }

  /** `send` is how the statement goes out. */
  const callBy = async (
    fn: string,
    request: object,
    send: (sql: string, values: readonly string[]) => Promise<readonly Row[]>,
  ): Promise<unknown> => {
    const values = [encodeText(JSON.stringify(request))]
    return parsed(await coded(verbOf(fn), () => send(textOf(fn), values)))
  }

  const { listen } = client
  return {
    call: (fn, request, { isUrgent = false } = {}) =>
      callBy(fn, request, (sql, values) => client.run({ sql, values, isFixed: true, isUrgent })),
    async callWith(fn, values, { isUrgent = false, isHeard = false } = {}) {
      const statement = { sql: textWith(fn, values.length), values, isFixed: true, isUrgent, isHeard }
      return parsed(await coded(verbOf(fn), () => client.run(statement)))
    },
    query: (what, statement) => coded(what, () => client.run(statement)),
    async ask(sql, values) {
      try {
        return await client.ask(sql, values)
      } catch (error) {
        throw isAnswered(error) ? error : codedError(error, { store, schema, what: 'query' })
      }
    },
    transaction: (what, work) => coded(what, () => client.transaction(work)),
    async share(what, work, signal) {
      let hasBegun = false
      try {
        return await client.share(({ client: users, query }) => {
          hasBegun = true
          return work({ client: users, call: (fn, request) => callBy(fn, request, query) })
        }, signal)
      } catch (error) {
        if (error instanceof TakenBack) throw takenBack({ store, what })
        if (error instanceof CommitInDoubt) throw inDoubt(error, { store, what })
        throw hasBegun || signal.aborted ? error : codedError(error, { store, schema, what })
      }
    },
    stop: client.stop,
    listen: listen === null ? null : (channel, listener) => coded('listen', () => listen(channel, listener)),
    close: () => client.close(),
  }
}

/** Where a transaction was, for errors. */
interface Whereabouts {
  readonly store: string
  readonly what: string
}

function takenBack({ store, what }: Whereabouts): QuarterjackError {
  return new QuarterjackError(
    'StoreUnavailable',
    `store "${store}": ${what}: a statement had failed, so the server took all of it back at the commit. Let errors of statements through, or try what may fail within a savepoint.`,
  )
}

function inDoubt({ cause }: CommitInDoubt, { store, what }: Whereabouts): QuarterjackError {
  const words = cause instanceof Error ? cause.message : String(cause)
  return new QuarterjackError(
    'StoreUnavailable',
    `store "${store}": ${what}: the connection was lost while it committed (${words}). It may have taken effect: then it counts, and nothing that is done now changes it; if not, all of it was taken back.`,
    { cause },
  )
}

function parsed(rows: readonly Row[]): unknown {
  const reply = rows[0]?.[0]
  return typeof reply === 'string' ? JSON.parse(decodeText(reply)) : null
}

/** `runs_release_gates` → `runs.releaseGates`, as the contract has it. `leases_acquire_one` is a case of `leases.acquire`. */
function verbOf(fn: string): string {
  const known = VERBS.get(fn)
  if (known !== undefined) return known
  const words = fn.replace(/_one$/, '').replace('_', '.')
  const verb = words.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  VERBS.set(fn, verb)
  return verb
}

/** Made once for each of the few functions there are. */
const VERBS = new Map<string, string>()
