/** Firing: plain ones by a script of their own, and whatever that leaves by the general one. */
import type { FireReply, Firing, ScheduleStore, Tick } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { pause } from '../client/timers.ts'
import { isPlainFiring, MOST_PLAIN, plainGroups, plainTexts, toPlainFires } from '../rows/plain-firing.ts'
import { list, text, textOrNull } from '../rows/reply-reader.ts'
import { toClaimedRun } from '../rows/run-row.ts'
import type { VerbScript } from '../scripts/lua-module.ts'
import type { Scripts } from '../scripts/scripts.ts'
import { type Answer, type Call, toTick } from './call.ts'

type FireRequest = Parameters<ScheduleStore['fire']>[0]
type Claim = FireRequest['claim']

export async function fire(call: Call, scripts: Scripts, { firings, claim, ...rest }: FireRequest): ReturnType<ScheduleStore['fire']> {
  const replies = new Map<Firing, FireReply>()
  let tick: Tick | undefined
  let bounds = claim
  const plain = claim === undefined ? [] : choosePlain(firings)
  for (let from = 0; from < plain.length && bounds !== undefined && bounds.limit > 0; from += MOST_PLAIN) {
    const some = plain.slice(from, from + MOST_PLAIN)
    const request = { ...rest, groups: plainGroups(some), count: some.length, claim: bounds }
    const { storeNow, reply } = await fireInTime(call, scripts.schedulesFirePlain, { request, firings: some, texts: plainTexts(some) })
    const fires = toPlainFires(reply, { firings: some, owner: bounds.owner, storeNow })
    fires.replies.forEach((one, index) => {
      if (one !== null) replies.set(some[index] as Firing, one)
    })
    bounds = less(bounds, fires)
    tick = toTick(storeNow, list(reply)[4])
  }
  const left = firings.filter((firing) => !replies.has(firing))
  if (left.length > 0 || tick === undefined) {
    const request = { ...rest, firings: left, claim: bounds }
    const { storeNow, reply } = await fireInTime(call, scripts.schedulesFire, { request, firings: left })
    const [answers, news] = list(reply)
    list(answers).forEach((answer, index) => void replies.set(left[index] as Firing, toFireReply(answer)))
    tick = toTick(storeNow, news)
  }
  return { replies: firings.map((firing) => replies.get(firing) as FireReply), ...tick }
}

/** Of several firings of one schedule, only the first. */
function choosePlain(firings: readonly Firing[]): readonly Firing[] {
  const seen = new Set<string>()
  return firings.filter((firing) => {
    const name = `${firing.job}/${firing.name}`
    const isFirst = !seen.has(name)
    seen.add(name)
    return isFirst && isPlainFiring(firing)
  })
}

function less<T extends NonNullable<Claim>>(claim: T, { claimed, started }: { readonly claimed: number; readonly started: number }): T {
  return { ...claim, limit: claim.limit - claimed, start: claim.start - started }
}

/** How often firings that came early are sent again before they are decided as they are. */
const MOST_EARLY = 3

interface Shot {
  readonly request: Omit<FireRequest, 'firings'>
  readonly firings: readonly Firing[]
  readonly texts?: readonly string[]
}

/** Firings that come a little before their instant wait for it here; clocks agree to a moment, so perhaps once more. */
async function fireInTime(call: Call, script: VerbScript, { request, firings, texts }: Shot): Promise<Answer> {
  if (request.lookedAt === undefined || request.now !== undefined) return call(script, request, texts)
  const notBefore = Math.max(...firings.flatMap(({ runs }) => runs.map(({ runAt }) => runAt)))
  for (let early = 0; early < MOST_EARLY; early++) {
    const answer = await call(script, { ...request, mayWait: true, notBefore }, texts)
    if (typeof answer.reply !== 'number') return answer
    // Timers may come early as well.
    await pause(answer.reply)
  }
  return call(script, request, texts)
}

function toFireReply(reply: Reply): FireReply {
  const [status, runs] = list(reply)
  return {
    status: text(status) as FireReply['status'],
    runs: list(runs).map((one) => {
      const [id, state, reason, claimed] = list(one)
      const run = { id: text(id), state: text(state) as FireReply['runs'][number]['state'], reason: textOrNull(reason) }
      return claimed === undefined ? run : { ...run, claimed: toClaimedRun(claimed) }
    }),
  }
}
