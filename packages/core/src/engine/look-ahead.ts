/** What was looked at and planned before it is due, so that at its instant nothing is left to do but to fire. */
import type { Firing } from '../store/schedules.ts'
import type { StoreCapabilities } from '../store/store.ts'

/** So long before its instant, in ms, what is due is looked at: a look and its plans take 20 of them at most. */
export const LOOK_AHEAD_MS = 100
/** And each look sees so much further: what is due all the time needs fewer. */
const SIGHT = 2
/** A store that waits for the instant is asked to fire so long before it, in ms: timers come up to 2 ms late, and it knows its clock better. */
export const EARLY_MS = 3
/** And a millisecond more for so many of one instant, which take longer to be made ready and to be written; up to so many milliseconds. */
const PER_MS = 40
const MOST_MORE_MS = 12
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
  /** How long before `dueAt`, in ms, there is something to do about it: to look, or to fire what is planned. 0: not before. */
  leadMs(dueAt: number): number
  /** How long before its instant, in ms, what is planned may be sent. */
  earlyMs(): number
  /** How far a look sees, in ms; undefined: what is due, and no further. */
  readonly sightMs: number | undefined
  /** In place of what was kept before. */
  keep(look: Look): void
  /**
   * Firings that are due, or almost where the store waits, and the instant at which they were looked at; null when the store is to
   * be asked: none is due, they are too old, or something that was not seen is due before them (`earliest`).
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

/** `waits`: what the store says of `waitsToFire`. Where it does not wait, it is not asked before the instant. */
export function createLookAhead(ms: number, waits: StoreCapabilities['waitsToFire'] = false): LookAhead {
  let kept: Look = { lookedAt: 0, through: 0, planned: [] }
  const earlyMs = (): number => {
    const { planned } = kept
    const at = planned[0]?.dueAt ?? null
    let more = 0
    while (waits === 'written' && more < MOST_MORE_MS && planned[PER_MS * (more + 1) - 1]?.dueAt === at) more++
    return waits ? EARLY_MS + more : 0
  }
  return {
    earlyMs,
    leadMs(dueAt) {
      if (dueAt > kept.through) return ms
      return kept.planned[0]?.dueAt === dueAt ? earlyMs() : 0
    },
    sightMs: SIGHT * ms || undefined,
    keep(look) {
      kept = look
    },
    take({ now, earliest, limit, most }) {
      const { lookedAt, planned } = kept
      const isOld = now - lookedAt > LONGEST_KEPT_MS || now < lookedAt
      const [head] = planned
      if (head === undefined || head.dueAt > now + earlyMs() || earliest < head.dueAt || isOld) return null
      // Of what is only about to be due, no more than comes at that instant: what is due waits for nothing.
      const until = Math.max(now, head.dueAt)
      const firings: Firing[] = []
      let records = 0
      for (const { dueAt, firing } of planned) {
        if (dueAt > until || firings.length >= limit || records >= most) break
        firings.push(firing)
        records += firing.runs.length + firing.skips.length
      }
      kept = { ...kept, planned: ms > 0 ? planned.slice(firings.length) : [] }
      return { firings, lookedAt: ms > 0 ? lookedAt : undefined }
    },
  }
}
