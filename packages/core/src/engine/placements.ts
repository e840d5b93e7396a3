/** Specs that were placed lately: schedules that share a spec share the arithmetic, as long as no slot of it has come meanwhile. */
import type { ScheduleSpec } from '../schedule/schedule.ts'
import type { Placed } from './plan-registration.ts'

export interface Placements {
  /** As `placeSpec` would place the spec at `asOf`, without an anchor that is kept. Undefined: it is not known. */
  find(spec: ScheduleSpec, asOf: number): Placed | undefined
  keep(spec: ScheduleSpec, asOf: number, placed: Placed): void
}

const MOST_KEPT = 1_000

export function createPlacements(): Placements {
  const known = new Map<ScheduleSpec, { readonly asOf: number; readonly placed: Placed }>()
  return {
    find(spec, asOf) {
      const last = known.get(spec)
      if (last === undefined) return undefined
      return asOf === last.asOf || (asOf > last.asOf && holdsUntil(last.placed) > asOf) ? last.placed : undefined
    },
    keep(spec, asOf, placed) {
      if (known.size >= MOST_KEPT) known.clear()
      known.set(spec, { asOf, placed })
    },
  }
}

/** Up to its next slot, the same spec is placed in the same way; not where the instant of its registration is part of it. */
function holdsUntil({ spec, nextSlot }: Placed): number {
  if (spec.kind === 'every' && spec.registered === true) return Number.NEGATIVE_INFINITY
  return nextSlot ?? Number.POSITIVE_INFINITY
}
