/** `mark({ tx })`: marks are appended within the user's transaction, visible exactly when its data is (engine rule 22). */
import type { WindowStore } from '@quarterjack/core/store'
import { codedError } from '../client/coded-errors.ts'
import { quoteName } from '../client/quote-name.ts'
import { queryWithin } from '../client/user-transaction.ts'
import { encodeText } from '../rows/text.ts'

/** Where to mark. */
export interface MarkLog {
  readonly store: string
  readonly schema: string
  readonly checkOpen: () => void
}

export function createMarkWithin({ store, schema, checkOpen }: MarkLog): WindowStore['mark'] {
  const sql = `select ${quoteName(schema)}.windows_mark($1::text::json)::text`
  return async ({ marks, tx, now }) => {
    checkOpen()
    try {
      const reply = await queryWithin(tx, sql, [encodeText(JSON.stringify({ marks, now }))])
      return { storeNow: (JSON.parse(String(reply)) as { readonly storeNow: number }).storeNow }
    } catch (error) {
      throw codedError(error, { store, schema, what: 'windows.mark with tx' })
    }
  }
}
