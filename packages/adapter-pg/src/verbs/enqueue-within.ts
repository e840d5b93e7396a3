/** `enqueue({ tx })`: requests go into a log within the user's transaction, and become runs after its commit (engine rule 22). */
import type { RunStore } from '@quarterjack/core/store'
import { codedError } from '../client/coded-errors.ts'
import { quoteName } from '../client/quote-name.ts'
import { queryWithin } from '../client/user-transaction.ts'
import { encodeText } from '../rows/text.ts'

/** Where to log, and whom to tell. */
export interface TriggerLog {
  readonly store: string
  readonly schema: string
  readonly checkOpen: () => void
  /** What is told with the commit: to which channel, and which words; null when hints are off. */
  readonly news: { readonly channel: string; readonly message: string } | null
}

/**
 * Nothing is looked up or decided before the commit, so that transactions never wait for each other here. Each reply is
 * `created` with the request's own id: it will be one that leads to that run, or joins another as any trigger may,
 * once the transaction commits; if it rolls back, nothing happened.
 */
export function createEnqueueWithin({ store, schema, checkOpen, news }: TriggerLog): RunStore['enqueue'] {
  const quoted = quoteName(schema)
  const logged = `with logged as (insert into ${quoted}.trigger_log (request) select r.request from json_array_elements($1::text::json) with ordinality r(request, place) order by r.place)`
  const sql =
    news === null
      ? `${logged} select ${quoted}.store_now()::text`
      : `${logged} select ${quoted}.store_now()::text, pg_notify($2::text, $3::text)::text`

  return async ({ requests, tx }) => {
    checkOpen()
    const values = [encodeText(JSON.stringify(requests)), ...(news === null ? [] : [news.channel, news.message])]
    try {
      const storeNow = Number(await queryWithin(tx, sql, values))
      return { replies: requests.map(({ id }) => ({ outcome: 'created', id })), storeNow }
    } catch (error) {
      throw codedError(error, { store, schema, what: 'runs.enqueue with tx' })
    }
  }
}
