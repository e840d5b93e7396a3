/** A refresh that says when it begins, and which day it could not do, in the words of the old scheduler. */
import type { SqlRollup } from '@quarterjack/adapter-pg'
import type { Refresh } from '@quarterjack/core'
import { DAY_MS, dayOf, startOfDay } from '../db/time.ts'
import { FAILED_FOR, type LineLog, STARTING } from '../observe/log-lines.ts'

export function loggedRefresh(refresh: SqlRollup, log: LineLog, now: () => number): Refresh {
  let begun = ''
  const logged: Refresh = async (request, ctx) => {
    const beganAt = now()
    if (ctx.runId !== begun) log.info(STARTING)
    begun = ctx.runId
    try {
      return await refresh(request, ctx)
    } catch (error) {
      // Of several windows, the engine finds out by itself which one it was.
      const [only, ...more] = request.windows
      if (only !== undefined && more.length === 0) {
        const message = error instanceof Error ? error.message : String(error)
        const date = dayOf(only.start.getTime())
        log.error(`${FAILED_FOR} ${nameOf(only.start.getTime(), beganAt)}`, { error: message, date, duration_ms: now() - beganAt })
      }
      throw error
    }
  }
  return Object.assign(logged, { verify: refresh.verify })
}

function nameOf(day: number, at: number): string {
  const age = (startOfDay(at) - day) / DAY_MS
  return age === 0 ? 'today' : age === 1 ? 'yesterday' : 'an earlier day'
}
