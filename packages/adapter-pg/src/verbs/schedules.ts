/** The schedules part of the store. */
import type { ScheduleStore, Tick } from '@quarterjack/core/store'
import { type DueAnswer, readDueSchedules } from '../rows/due-schedules.ts'
import { toFireLetter } from '../rows/fire-letter.ts'
import { type FireAnswer, readFireReplies } from '../rows/fire-replies.ts'
import { toSetLetter } from '../rows/set-letter.ts'
import type { Call } from './call.ts'

/** What a verb of the contract answers. */
type Reply<Verb extends keyof ScheduleStore> = Awaited<ReturnType<ScheduleStore[Verb]>> & object

export function createScheduleVerbs(call: Call): ScheduleStore {
  return {
    load: (request) => call<Reply<'load'>>('schedules_load', request),
    register: (request) => call<Reply<'register'>>('schedules_register', request),
    async due(request) {
      const { due, stretches, ...tick } = await call<DueAnswer & Tick>('schedules_due', request)
      return { schedules: readDueSchedules(due), suspendedStretches: stretches ?? {}, ...tick }
    },
    async fire({ firings, ...rest }) {
      const letter = { ...rest, ...toFireLetter(firings) }
      const { odd, running, claimed, ...tick } = await call<FireAnswer & Omit<Reply<'fire'>, 'replies'>>('schedules_fire', letter)
      return { replies: readFireReplies({ odd, running, claimed }, { firings, owner: rest.claim?.owner }), ...tick }
    },
    set: ({ schedules, ...rest }) => call<Reply<'set'>>('schedules_set', { ...rest, ...toSetLetter(schedules) }),
    remove: (request) => call<Reply<'remove'>>('schedules_remove', request),
    get: (request) => call<Reply<'get'>>('schedules_get', request),
    list: (request) => call<Reply<'list'>>('schedules_list', request),
    suspend: (request) => call<Reply<'suspend'>>('schedules_suspend', request),
    quarantine: async (request) => void (await call('schedules_quarantine', request)),
    retire: (request) => call<Reply<'retire'>>('schedules_retire', request),
    ledger: (request) => call<Reply<'ledger'>>('schedules_ledger', request),
    countSkips: async (request) => void (await call('schedules_count_skips', request)),
  }
}
