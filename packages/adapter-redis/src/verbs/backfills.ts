/** Backfills, of the windows part of the contract. */
import type { BackfillReply, BackfillStore } from '@quarterjack/core/store'
import { toBackfillRecord, toBackfillRecordOrNull } from '../rows/backfill-row.ts'
import { flag, list, text } from '../rows/reply-reader.ts'
import type { Scripts } from '../scripts/scripts.ts'
import type { Call } from './call.ts'
import type { Sweep } from './sweep.ts'

export function createBackfillVerbs(call: Call, scripts: Scripts, sweep: Sweep): BackfillStore {
  return {
    async create(request) {
      const { storeNow, reply } = await call(scripts.backfillsCreate, request)
      const replies = list(reply).map((one): BackfillReply => {
        const [status, id] = list(one)
        return { status: text(status) as BackfillReply['status'], id: text(id) }
      })
      return { replies, storeNow }
    },
    async stamp(request) {
      const { reply } = await call(scripts.backfillsStamp, request)
      return { replies: list(reply).map((one) => text(one) as 'stamped' | 'stale' | 'ended') }
    },
    async control(request) {
      const { storeNow, reply } = await call(scripts.backfillsControl, request)
      const [changed, isSwept] = list(reply)
      await sweep(flag(isSwept))
      return { changed: list(changed).map(flag), storeNow }
    },
    async get(request) {
      const { reply } = await call(scripts.backfillsGet, request)
      return { backfills: list(reply).map(toBackfillRecordOrNull) }
    },
    async find(request) {
      const { reply } = await call(scripts.backfillsFind, request)
      return { backfills: list(reply).map(toBackfillRecord) }
    },
  }
}
