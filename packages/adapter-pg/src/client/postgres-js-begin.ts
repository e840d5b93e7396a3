/**
 * Transactions of postgres.js that survive the end of their connection.
 *
 * Its `begin` (3.4) has two faults then. It still writes ROLLBACK or COMMIT, to a socket that is gone, which throws where
 * nobody can catch it and ends the process. And a statement that comes after the end of a transaction goes out on the same
 * connection, or the next one, by itself. So a transaction whose connection is gone never gets to its end here, and one that
 * is over refuses whatever comes.
 */
import { isAnswered } from './answered.ts'
import type { PostgresJsQueries, PostgresJsSql } from './postgres-js-shape.ts'
import { pause } from './timers.ts'

/** A connection that the server has ended is closed at the latest then. */
const CLOSING_MS = 1_000
/** The same when the error may come from anywhere. */
const DOUBTFUL_MS = 20

/**
 * Commits what `work` did, or takes it back if it throws. Throws as soon as the connection is gone; what `work` threw, where it
 * did so before.
 */
export async function beginPostgresJs<T>(sql: PostgresJsSql, work: (tx: PostgresJsQueries) => Promise<T>): Promise<T> {
  const { promise: gone, resolve: tellGone } = Promise.withResolvers<undefined>()
  let isGone = false
  let isOver = false
  const failures: unknown[] = []
  try {
    const begun = sql.begin(async (tx) => {
      const ended = await work(guardQueries(tx, () => isOver)).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      )
      if ('error' in ended) failures.push(ended.error)
      if ('error' in ended && !isAnswered(ended.error)) {
        await Promise.race([gone, pause(isLost(ended.error) ? CLOSING_MS : DOUBTFUL_MS)])
      }
      if (isGone) return new Promise<never>(() => undefined)
      if ('error' in ended) throw ended.error
      return ended.result
    })
    begun.catch(() => {
      isGone = true
      tellGone(undefined)
    })
    return (await begun) as T
  } catch (error) {
    throw failures.length > 0 ? failures[0] : error
  } finally {
    isOver = true
  }
}

/** The connection is gone, or about to go. */
export function isLost(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  // A SQLSTATE, an error of a socket, or one of postgres.js itself.
  return !isAnswered(error) && typeof code === 'string' && /^(?:[0-9A-Z]{5}|E[A-Z]+|CONNECTION_[A-Z]+)$/.test(code)
}

/** `tx` itself, to all appearances, until `isOver`; then it throws. */
function guardQueries<Queries extends object>(tx: Queries, isOver: () => boolean): Queries {
  const guarded = (made: (...args: unknown[]) => unknown): ((...args: unknown[]) => unknown) => {
    return (...args) => {
      if (isOver()) throw new Error('this transaction is over: it was cut short, or lost, or had not awaited all of its statements')
      return made(...args)
    }
  }
  return new Proxy(tx, {
    apply: (target, self, args: unknown[]) => guarded((...given) => Reflect.apply(target as () => unknown, self, given))(...args),
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver)
      if (typeof value !== 'function') return value
      const method = value.bind(target) as (...args: unknown[]) => unknown
      // Its last argument is given another such `sql`.
      return guarded((...args) => method(...(name === 'savepoint' ? args.map((arg) => guardWork(arg, isOver)) : args)))
    },
  })
}

function guardWork(value: unknown, isOver: () => boolean): unknown {
  if (typeof value !== 'function') return value
  return (tx: object) => (value as (tx: object) => unknown)(guardQueries(tx, isOver))
}
