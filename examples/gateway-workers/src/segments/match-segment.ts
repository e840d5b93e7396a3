/** Who belongs to a segment. Pure. */
import { DAY_MS } from '../db/time.ts'

/** Every condition that is given must hold. */
export interface SegmentRule {
  readonly plans?: readonly string[]
  /** At least so many of these events within so many days. */
  readonly did?: { readonly event: string; readonly times: number; readonly withinDays: number }
  /** No event for so many days. */
  readonly idleDays?: number
  /** Joined no longer ago than this. */
  readonly joinedWithinDays?: number
}

export interface SegmentUser {
  readonly id: number
  readonly plan: string
  readonly createdAt: number
  readonly events: readonly { readonly name: string; readonly at: number }[]
}

export function matchesSegment(rule: SegmentRule, user: SegmentUser, at: number): boolean {
  const since = (days: number): number => at - days * DAY_MS
  const happened = user.events.filter((event) => event.at <= at)
  const { plans, did, idleDays, joinedWithinDays } = rule
  if (plans !== undefined && !plans.includes(user.plan)) return false
  if (joinedWithinDays !== undefined && user.createdAt < since(joinedWithinDays)) return false
  if (idleDays !== undefined && happened.some((event) => event.at >= since(idleDays))) return false
  if (did === undefined) return true
  return happened.filter((event) => event.name === did.event && event.at >= since(did.withinDays)).length >= did.times
}
