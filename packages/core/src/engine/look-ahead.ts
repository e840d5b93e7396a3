/** What was looked at and planned before it is due, so that at its instant nothing is left to do but to fire. */
import type { Firing } from '../store/schedules.ts'

/** So long before its instant, in ms, what is due is looked at: a look and its plans take 20 of them at most. */
export const LOOK_AHEAD_MS = 100
/** And each look sees so much further: what is due all the time needs fewer. */
const SIGHT = 2
/** A plan holds for the instant that it was made for; one that is so old, in ms, is made again. */
const LONGEST_KEPT_MS = 500

export interface Planned {
  readonly dueAt: number
  readonly firing: Firing
}

/** What one look found. Instants are store time. */
export interface Look {
  readonly lookedAt: number
  /** Everything due up to here was found. */
  readonly through: number
  /** Earliest first. */
  readonly planned: readonly Planned[]
}

export interface LookAhead {
  /** How long before its instant, in ms, something is looked at; 0: not before. */
  readonly ms: number
  /** How far a look sees, in ms; undefined: what is due, and no further. */
  readonly sightMs: number | undefined
  /** Up to here the last look saw. */
  readonly through: number
  /** In place of what was kept before. */
  keep(look: Look): void
  /**
   * Firings that are due, and the instant at which they were looked at; null when the store is to be asked: none is due, they are
   * too old, or something that was not seen is due before them (`earliest`).
   */
  take(wanted: Wanted): Taken | null
}

export interface Wanted {
  readonly now: number
  /** The earliest instant at which the store has anything due. */
  readonly earliest: number
  /** Most firings, and about how many records. */
  readonly limit: number
  readonly most: number
}

export interface Taken {
  readonly firings: readonly Firing[]
  /** Undefined where nothing is looked at before it is due. */
  readonly lookedAt: number | undefined
}

export function createLookAhead(ms: number): LookAhead {
  let kept: Look = { lookedAt: 0, through: 0, planned: [] }
  return {
    ms,
    sightMs: SIGHT * ms || undefined,
    get through() {
      return kept.through
    },
    keep(look) {
      kept = look
    },
    take({ now, earliest, limit, most }) {
      const { lookedAt, planned } = kept
      const isOld = now - lookedAt > LONGEST_KEPT_MS || now < lookedAt
      const [head] = planned
      if (head === undefined || head.dueAt > now || earliest < head.dueAt || isOld) return null
      const firings: Firing[] = []
      let records = 0
      for (const { dueAt, firing } of planned) {
        if (dueAt > now || firings.length >= limit || records >= most) break
        firings.push(firing)
        records += firing.runs.length + firing.skips.length
      }
      kept = { ...kept, planned: ms > 0 ? planned.slice(firings.length) : [] }
      return { firings, lookedAt: ms > 0 ? lookedAt : undefined }
    },
  }
}
