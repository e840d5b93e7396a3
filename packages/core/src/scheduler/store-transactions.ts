/** Transactions of the store, for what a rollup's refresh does beside refreshing. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { TargetContext } from '../rollup/refresh-target.ts'
import type { Store } from '../store/store.ts'
import { windowsOf } from '../trigger/marker.ts'

/** Without a deadline: they last as long as the user's statements do. Throw `TransactionsUnsupported` on a store that has none. */
export function transactionsOf(store: Store, verb: string): Pick<TargetContext, 'readWith' | 'writeWith'> {
  const within =
    (kind: 'readWith' | 'writeWith'): TargetContext['readWith'] =>
    async (work) => {
      const reply = await windowsOf(store)[kind]?.({ work })
      if (reply !== undefined) return reply.value
      throw new QuarterjackError(
        'TransactionsUnsupported',
        `store "${store.name}" shares no transactions: ${verb} on a connection of your own.`,
      )
    }
  return { readWith: within('readWith'), writeWith: within('writeWith') }
}
