/** Bulk loads without marks, in the user's transaction. */
import { checkedOptions, QuarterjackError } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { connectionWithin } from '../client/connection-within.ts'
import { quoteName } from '../client/quote-name.ts'
import { schemaName } from '../client/schema-name.ts'
import type { UserTransaction } from '../client/user-transaction.ts'
import { PG_STORE_DEFAULTS } from '../options.ts'
import { tableName } from '../client/table-name.ts'
import { WITHOUT_MARKS } from './capture-sql.ts'

/** What the load touched, to be marked as a whole in the same transaction. */
export interface LoadedRange {
  readonly source: string
  readonly from: Date
  readonly to: Date
}

/** Options of {@link withoutMarks}. */
export interface WithoutMarksOptions {
  /** One mark in place of many. Default: none, and the rollups learn nothing of the load; refresh them by a backfill. */
  readonly mark?: LoadedRange
  /** Of the store. Default `quarterjack`. */
  readonly schema?: string
}

const optionsSchema = z.strictObject({
  mark: z.optional(
    z
      .strictObject({ source: tableName, from: z.date(), to: z.date() })
      .check(z.refine(({ from, to }) => from < to, 'the range is empty. Let "to" come after "from".')),
  ),
  schema: z._default(schemaName, PG_STORE_DEFAULTS.schema),
})

/**
 * Within a transaction of the user's: what `work` changes is not marked, by any table's triggers. With `mark`, one mark over the range
 * is written instead, in the same transaction. Throws `InvalidOption` where no transaction is open, and what `work` throws.
 *
 * @example
 * await client.query('begin')
 * await withoutMarks(client, () => client.query('copy …'), { mark: { source: 'calls', from, to } })
 * await client.query('commit')
 */
export async function withoutMarks<T>(tx: UserTransaction, work: () => Promise<T>, options: WithoutMarksOptions = {}): Promise<T> {
  const { mark, schema } = checkedOptions(optionsSchema, options, { what: 'withoutMarks' })
  const { query } = connectionWithin(tx)
  await query(`select set_config('${WITHOUT_MARKS}', 'on', true) as value`)
  const [row] = await query(`select current_setting('${WITHOUT_MARKS}', true) as value`)
  if (row?.[0] !== 'on') {
    throw new QuarterjackError('InvalidOption', 'withoutMarks: no transaction is open here. Begin one first, and give its client.')
  }
  const result = await work().catch(async (error: unknown) => {
    // A transaction that failed refuses this as well, and forgets the setting when it is rolled back.
    await query(`select set_config('${WITHOUT_MARKS}', 'off', true) as value`).catch(() => undefined)
    throw error
  })
  await query(`select set_config('${WITHOUT_MARKS}', 'off', true) as value`)
  if (mark !== undefined) {
    await query(
      `insert into ${quoteName(schema)}.marks (source, from_at, to_at, kind, marked_at)
       values ($1::text, $2::bigint, $3::bigint, 'changed', (extract(epoch from clock_timestamp()) * 1000)::bigint)`,
      [mark.source, String(mark.from.getTime()), String(mark.to.getTime())],
    )
  }
  return result
}
