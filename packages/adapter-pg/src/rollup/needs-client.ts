/** What a rollup in SQL says where the store has no transactions for it. */
import { QuarterjackError } from '@quarterjack/core/store'

/** Throws with the remedy where that is what `error` says, and `error` as it is otherwise. */
export function needsClient(error: unknown): never {
  if (!QuarterjackError.isInstance(error, 'TransactionsUnsupported')) throw error
  throw new QuarterjackError(
    'TransactionsUnsupported',
    'sqlRollup: the store shares no transactions, so the rollup needs a client of its own: sqlRollup({ pool, … }).',
    { cause: error },
  )
}
