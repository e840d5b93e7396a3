/** The schedules part of the contract. */
import type { FireReply, Firing, RegistrationReply, ScheduleStore, ScheduleWriteReply } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { flag, list, number, text, textOrNull } from '../rows/reply-reader.ts'
import { toCounters, toJobRecord, toScheduleRecord, toScheduleRecordOrNull, toSkipRecord, toStretches } from '../rows/schedule-row.ts'
import type { SeenCursors } from '../loss/seen-cursors.ts'
import type { Scripts } from '../scripts/scripts.ts'
import { toTick, type Call } from './call.ts'
import { fire } from './fire.ts'

export function createScheduleVerbs(call: Call, scripts: Scripts, cursors: SeenCursors): ScheduleStore {
  return {
    async load(request) {
      const { storeNow, reply } = await call(scripts.schedulesLoad, request)
      const [jobs, schedules] = list(reply)
      return { storeNow, jobs: list(jobs).map(toJobRecord), schedules: list(schedules).map(toScheduleRecord) }
    },
    async register(request) {
      const { storeNow, reply } = await call(scripts.schedulesRegister, request)
      return { replies: list(reply).map(toRegistrationReply), storeNow }
    },
    async due(request) {
      const { storeNow, reply } = await call(scripts.schedulesDue, request)
      const [schedules, stretches, tick] = list(reply)
      return {
        schedules: list(schedules).map(toScheduleRecord),
        suspendedStretches: Object.fromEntries(list(stretches).map((one) => [text(list(one)[0]), toStretches(list(one)[1])])),
        ...toTick(storeNow, tick),
      }
    },
    async fire(request) {
      const reply = await fire(call, scripts, request)
      reply.replies.forEach(({ status }, index) => {
        if (status === 'fired') cursors.note(request.firings[index] as Firing)
      })
      return reply
    },
    async set(request) {
      const { storeNow, reply } = await call(scripts.schedulesSet, request)
      return { replies: list(reply).map(toWriteReply), storeNow }
    },
    async remove(request) {
      const { reply } = await call(scripts.schedulesRemove, request)
      return { removed: list(reply).map(flag) }
    },
    async get(request) {
      const { reply } = await call(scripts.schedulesGet, request)
      return { schedules: list(reply).map(toScheduleRecordOrNull) }
    },
    async list(request) {
      const { reply } = await call(scripts.schedulesList, request)
      return { schedules: list(reply).map(toScheduleRecord) }
    },
    async suspend(request) {
      const { reply } = await call(scripts.schedulesSuspend, request)
      return { changed: list(reply).map(flag) }
    },
    async quarantine(request) {
      await call(scripts.schedulesQuarantine, request)
    },
    async retire(request) {
      const { reply } = await call(scripts.schedulesRetire, request)
      return { replies: list(reply).map((one) => text(one) as 'retired' | 'inUse' | 'unknown') }
    },
    async ledger(request) {
      const { reply } = await call(scripts.schedulesLedger, request)
      const [schedule, records, folded, more] = list(reply)
      const [ranges, slots] = [list(records).filter(isRange), list(records).filter((one) => !isRange(one))]
      return {
        schedule: toScheduleRecordOrNull(schedule),
        runs: slots.map((one) => {
          const [, id, slot, state, reason] = list(one)
          return { id: text(id), slot: number(slot), state: text(state) as FireReply['runs'][number]['state'], reason: textOrNull(reason) }
        }),
        skips: ranges.map(toSkipRecord),
        folded: toCounters(folded),
        more: flag(more),
      }
    },
    async countSkips(request) {
      await call(scripts.schedulesCountSkips, request)
    },
  }
}

function isRange(reply: Reply): boolean {
  return flag(list(reply)[0])
}

function toRegistrationReply(reply: Reply): RegistrationReply {
  const [status, generation] = list(reply)
  return { status: text(status) as RegistrationReply['status'], generation: number(generation) }
}

function toWriteReply(reply: Reply): ScheduleWriteReply {
  const [status, cursor] = list(reply)
  return { status: text(status) as ScheduleWriteReply['status'], cursor: number(cursor) }
}
