/**
 * Tells from what was written down whether a mark was lost, anything was marked that did not change, dirtied that was not marked, or
 * refreshed that was neither dirty, nor stamped for a backfill, nor asked for by the policy of its rollup. Knows nothing of how the library plans.
 */
import { type Audit, type MarkEvent, type Range, touchedKey, type WindowEvent } from './audit.ts'

/** What a rollup may refresh by its definition alone. */
export interface Policy {
  readonly startAt: number
  readonly grainMs: number
  readonly graceMs: number
  readonly lookback: number
  readonly isLive: boolean
  /** A window that was never marked is never refreshed. */
  readonly isComplete: boolean
  /** Sources whose marks it follows, and for each the table whose changes they tell of. */
  readonly sources: Readonly<Record<string, string>>
}

export type Policies = Readonly<Record<string, Policy>>

/** Why a window is, or was, to be refreshed. */
type Reason = 'mark' | 'stamp' | 'completion' | 'lookback' | 'sight'

interface Place {
  /** Reasons that no refresh has served. */
  readonly owed: Set<Reason>
  /** Reasons of the refresh under way; null: nobody holds the window. */
  holding: Set<Reason> | null
  takenDue: boolean
  /** It was refreshed when it was due. */
  isComplete: boolean
  /** There was something to be said of it before. */
  isKnown: boolean
}

/** What the windows of a history were refreshed for. */
export interface Judged {
  readonly violations: readonly string[]
  readonly refreshes: Readonly<Record<Reason, number>>
  /** Claims whose owner never recorded anything. */
  readonly abandoned: number
}

/** So long may pass between the look of a run and its claim: beyond its lease, the claim is refused. */
const SLACK_MS = 2_000
/** And between the look at the log and the drain, of a worker that is paused in between: what had not begun at the look is left out. */
const DRAIN_SLACK_MS = 4_000

const meets = (a: Range, b: Range): boolean => a.from < b.to && b.from < a.to

/** Violations, in words; none if all is well. */
export function judge(audit: Audit, policies: Policies, { beganIn }: { readonly beganIn: ReadonlySet<string> }): Judged {
  const violations = [...judgeMarks(audit, policies, beganIn), ...judgeDigested(audit, policies), ...judgeBackfills(audit)]
  const digested = groupBy(
    audit.marks.filter(({ op }) => op !== 'in'),
    ({ xid }) => xid,
  )
  const places = new Map<string, Place>()
  const refreshes: Record<Reason, number> = { mark: 0, stamp: 0, completion: 0, lookback: 0, sight: 0 }
  const recorded = new Map<string, number[]>()
  let abandoned = 0
  for (const event of audit.windows) {
    const policy = policies[event.rollup]
    if (policy === undefined) continue
    const place = placeOf(places, event)
    const say = (what: string): void => void violations.push(`${nameOf(event)} ${what} (transaction ${event.xid})`)
    const { was, now } = event
    if (now === null) {
      if (place.holding !== null) say('was forgotten while it was held')
      if (place.owed.has('mark')) say('was forgotten while it was dirty')
      place.owed.clear()
      continue
    }
    if (now.seq > (was?.seq ?? 0)) {
      if (!isMarked(digested.get(event.xid) ?? [], event, policy)) say('was dirtied, and no mark of it was digested')
      place.owed.add('mark')
    }
    if (now.backfill_id !== (was?.backfill_id ?? null)) {
      if (now.backfill_id === null) place.owed.delete('stamp')
      else place.owed.add('stamp')
    }
    const isClaimed = now.run_id !== null && (now.run_id !== was?.run_id || now.fence !== was.fence)
    if (isClaimed) {
      if (place.holding !== null) {
        abandoned++
        for (const reason of place.holding) place.owed.add(reason)
      }
      if (place.owed.size === 0) for (const reason of reasonsOf(event, place, policy)) place.owed.add(reason)
      if (place.owed.size === 0) say('was claimed for no reason')
      place.holding = new Set(place.owed)
      place.owed.clear()
      place.takenDue = now.taken_due
    } else if (now.run_id === null && place.holding !== null) {
      if (now.error === null && now.refreshed_at !== null) {
        for (const reason of place.holding) refreshes[reason]++
        place.isComplete ||= place.takenDue
        const key = `${event.xid} ${event.rollup}`
        recorded.set(key, [...(recorded.get(key) ?? []), event.start])
        if (now.dirty_since === null && place.owed.has('mark')) say('is clean, and a mark came after its refresh had begun')
      } else for (const reason of place.holding) place.owed.add(reason)
      place.holding = null
    } else if (place.holding !== null && was !== null && now.seq === was.seq && now.backfill_id === was.backfill_id) {
      // Its run claims it again, since the reply was lost: what came meanwhile will be seen.
      for (const reason of place.owed) place.holding.add(reason)
      place.owed.clear()
    }
    place.isKnown = true
  }
  violations.push(...judgeRefreshed(audit, recorded))
  return { violations, refreshes, abandoned }
}

/** A window that nothing asks for, and that is refreshed by the rollup's definition. */
function reasonsOf({ at, start, end }: WindowEvent, place: Place, policy: Policy): readonly Reason[] {
  const dueAt = end + policy.graceMs
  if (at < dueAt) return policy.isLive && at >= start ? ['sight'] : []
  if (!place.isComplete && (!policy.isComplete || place.isKnown)) return ['completion']
  // When its run looked, it was not due yet.
  if (policy.isLive && at < dueAt + SLACK_MS) return ['sight']
  if (policy.lookback > 0 && at < dueAt + policy.lookback * policy.grainMs + SLACK_MS) return ['lookback']
  return []
}

function placeOf(places: Map<string, Place>, event: WindowEvent): Place {
  const key = `${event.rollup} ${event.start}`
  const known = places.get(key)
  if (known !== undefined) return known
  const place: Place = { owed: new Set(), holding: null, takenDue: false, isComplete: false, isKnown: false }
  places.set(key, place)
  return place
}

function isMarked(digested: readonly MarkEvent[], { start, end }: WindowEvent, { sources }: Policy): boolean {
  return digested.some((mark) => mark.source in sources && meets(mark, { from: start, to: end }))
}

/** Each mark tells of something that its own transaction changed; those of the definition tell of what was there before. */
function judgeMarks({ marks, touched }: Audit, policies: Policies, beganIn: ReadonlySet<string>): readonly string[] {
  const tables = Object.assign({}, ...Object.values(policies).map(({ sources }) => sources)) as Readonly<Record<string, string>>
  return marks
    .filter(({ op, xid }) => op === 'in' && !beganIn.has(xid))
    .filter((mark) => !(touched.get(touchedKey(tables[mark.source] ?? '', mark.xid)) ?? []).some((range) => meets(range, mark)))
    .map(({ source, from, to, xid }) => `${source} was marked from ${iso(from)} to ${iso(to)}, and did not change (transaction ${xid})`)
}

/** Each mark that is taken out of the log dirties its windows, in the same transaction; but those that have not begun, or only just. */
function judgeDigested({ marks, windows }: Audit, policies: Policies): readonly string[] {
  const dirtied = new Set(
    windows.filter(({ was, now }) => (now?.seq ?? 0) > (was?.seq ?? 0)).map(({ xid, rollup, start }) => `${xid} ${rollup} ${start}`),
  )
  const edge = (at: number, { grainMs }: Policy): number => Math.floor(at / grainMs) * grainMs
  return marks.flatMap(({ xid, at, op, source, from, to }) =>
    Object.entries(policies).flatMap(([rollup, policy]) => {
      if (op !== 'out' || !(source in policy.sources)) return []
      const [low, high] = [Math.max(edge(from, policy), policy.startAt), Math.min(to, at - DRAIN_SLACK_MS)]
      const starts = Array.from({ length: Math.max(0, Math.ceil((high - low) / policy.grainMs)) }, (_, n) => low + n * policy.grainMs)
      return starts
        .filter((start) => !dirtied.has(`${xid} ${rollup} ${start}`))
        .map((start) => `${rollup} ${iso(start)} was not dirtied by its mark (transaction ${xid})`)
    }),
  )
}

/** A backfill stamps what lies in its range, and that once. */
function judgeBackfills({ windows, backfills }: Audit): readonly string[] {
  const stamped = new Set<string>()
  return windows.flatMap((event) => {
    const id = event.now?.backfill_id ?? null
    if (id === null || id === event.was?.backfill_id) return []
    const range = backfills.get(id)
    const isAgain = stamped.has(`${id} ${event.start}`)
    stamped.add(`${id} ${event.start}`)
    if (isAgain) return [`${nameOf(event)} was stamped twice for one backfill`]
    const isIn = range !== undefined && range.rollup === event.rollup && meets(range, { from: event.start, to: event.end })
    return isIn ? [] : [`${nameOf(event)} was stamped for a backfill that does not reach it`]
  })
}

/** What was refreshed is what was recorded, in the same transaction. */
function judgeRefreshed({ refreshed }: Audit, recorded: ReadonlyMap<string, readonly number[]>): readonly string[] {
  const asked = new Map<string, number[]>()
  for (const { xid, rollup, starts } of refreshed) {
    const key = `${xid} ${rollup}`
    asked.set(key, [...(asked.get(key) ?? []), ...starts])
  }
  const texts = (starts: readonly number[] = []): string =>
    [...starts]
      .sort((a, b) => a - b)
      .map(iso)
      .join(' ')
  return [...new Set([...asked.keys(), ...recorded.keys()])]
    .filter((key) => texts(asked.get(key)) !== texts(recorded.get(key)))
    .map((key) => `transaction ${key} refreshed [${texts(asked.get(key))}], and recorded [${texts(recorded.get(key))}]`)
}

function groupBy<T>(list: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const one of list) {
    const group = groups.get(keyOf(one))
    if (group === undefined) groups.set(keyOf(one), [one])
    else group.push(one)
  }
  return groups
}

const iso = (at: number): string => (Math.abs(at) < 8e15 ? new Date(at).toISOString() : String(at))
const nameOf = ({ rollup, start }: WindowEvent): string => `${rollup} ${iso(start)}`
