/** Firings that make one run each, of schedules that are kept as text: as their script takes them, and what it replies. */
import type { ClaimAtOnce, FireReply, Firing } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { list, number, text } from './reply-reader.ts'
import { toFirstAttempt } from './run-row.ts'

/** What one script takes of them at most: its lists go to commands as arguments. */
export const MOST_PLAIN = 500

/** It makes the run of the slot that is due, bounded by nothing but the gate of its key, and another slot follows. */
export function isPlainFiring({ job, expectedSlot, through, nextSlot, nextDueAt, runs, skips }: Firing): boolean {
  const [run] = runs
  if (run === undefined || runs.length > 1 || skips.length > 0 || run.slot !== expectedSlot) return false
  const [gate] = run.gates
  const isBounded = run.overlap !== 'allow'
  if (run.gates.length !== (isBounded ? 1 : 0) || (gate !== undefined && !gate.startsWith(keyGateOf(job, '')))) return false
  if (Math.abs(run.priority) >= 100_000 || !Number.isInteger(run.priority)) return false
  return [expectedSlot, run.runAt, through, nextSlot, nextDueAt].every((instant) => Number.isSafeInteger(instant) && Number(instant) >= 0)
}

/** The request's groups: what firings that follow one another share. */
export function plainGroups(firings: readonly Firing[]): readonly object[] {
  const groups: { count: number }[] = []
  let last = ''
  for (const { job, expectedSlot, through, nextSlot, nextDueAt, runs } of firings) {
    const { runAt, overlap, priority } = runs[0] as Firing['runs'][number]
    const shared = { job, slot: expectedSlot, dueAt: runAt, through, nextSlot, nextDueAt, overlap, priority }
    const name = Object.values(shared).join('/')
    const group = groups.at(-1)
    if (group !== undefined && name === last) group.count++
    else groups.push({ ...shared, count: 1 })
    last = name
  }
  return groups
}

/** Behind the request: three of each, and their gates where there are any. */
export function plainTexts(firings: readonly Firing[]): readonly string[] {
  const texts: string[] = []
  const gates: string[] = []
  for (const { job, name, incarnation, generation, runs } of firings) {
    const run = runs[0] as Firing['runs'][number]
    texts.push(name, run.id, `T${Buffer.byteLength(incarnation)}:${incarnation}/${generation}/`)
    const key = run.gates[0]?.slice(keyGateOf(job, '').length)
    gates.push(key === undefined ? '-' : `:${key}`)
  }
  return gates.every((gate) => gate === '-') ? texts : [...texts, ...gates]
}

export interface PlainFires {
  /** Of each firing; null where it was left to the general way. */
  readonly replies: readonly (FireReply | null)[]
  readonly claimed: number
  /** Of the claimed: how many start at once. They come first. */
  readonly started: number
}

export function toPlainFires(
  reply: Reply,
  { firings, owner, storeNow }: { readonly firings: readonly Firing[]; readonly owner: ClaimAtOnce['owner']; readonly storeNow: number },
): PlainFires {
  const [left, first, told, begun] = list(reply)
  const isLeft = new Set(list(left).map((place) => number(place) - 1))
  const toldOf = new Map(list(told).map((one) => [number(list(one)[0]) - 1, one]))
  const [fence, started] = [number(first), number(begun)]
  let claimed = 0
  const replies = firings.map(({ job, name, runs }, index): FireReply | null => {
    if (isLeft.has(index)) return null
    const { id, runAt, priority, overlap, slot, gates } = runs[0] as Firing['runs'][number]
    const { key, payload } = toldOf.has(index) ? readTold(toldOf.get(index)) : { key: name, payload: null }
    const shared = { job, owner, storeNow, started: claimed < started }
    const asked = { trigger: 'schedule', overlap, triggers: 1, slot, schedule: name, payload } as const
    const record = { ...toFirstAttempt(id, fence + claimed, { key, runAt, createdAt: storeNow, priority, asked }, shared), gates }
    claimed++
    return { status: 'fired', runs: [{ id, state: 'running', reason: null, claimed: { started: shared.started, record } }] }
  })
  return { replies, claimed, started }
}

/** Place, key, and the end of the JSON of what its run was asked for. */
function readTold(reply: Reply | undefined): { readonly key: string; readonly payload: string | null } {
  const [, key, asked] = list(reply)
  const { payload = null } = JSON.parse(`{${text(asked).slice(1)}`) as { readonly payload?: string | null }
  return { key: text(key), payload }
}

function keyGateOf(job: string, key: string): string {
  return `key:${job}/${key}`
}
