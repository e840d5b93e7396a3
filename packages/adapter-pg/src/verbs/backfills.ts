/** The backfills of the windows part. */
import type { BackfillStore } from '@quarterjack/core/store'
import type { Call } from './call.ts'

/** What a verb of the contract answers. */
type Reply<Verb extends keyof BackfillStore> = Awaited<ReturnType<BackfillStore[Verb]>> & object

export function createBackfillVerbs(call: Call): BackfillStore {
  return {
    create: (request) => call<Reply<'create'>>('backfills_create', request),
    stamp: (request) => call<Reply<'stamp'>>('backfills_stamp', request),
    control: (request) => call<Reply<'control'>>('backfills_control', request),
    get: (request) => call<Reply<'get'>>('backfills_get', request),
    find: (request) => call<Reply<'find'>>('backfills_find', request),
  }
}
