/** Cuts a stretch of time where suspensions begin and end. */

/** A part `(after, through]` of a stretch, wholly inside or wholly outside of suspensions. */
export interface Part {
  readonly after: number
  readonly through: number
  readonly suspended: boolean
}

/** The parts of `(after, through]` in order. Suspensions `(from, to]` may come in any order and overlap; such ones become one part. */
export function splitSuspended(
  after: number,
  through: number,
  stretches: readonly (readonly [from: number, to: number])[],
): readonly Part[] {
  const parts: Part[] = []
  let reached = after
  for (const [from, to] of mergeStretches(stretches)) {
    const begin = Math.min(Math.max(from, reached), through)
    const end = Math.min(to, through)
    if (end <= begin) continue
    if (begin > reached) parts.push({ after: reached, through: begin, suspended: false })
    parts.push({ after: begin, through: end, suspended: true })
    reached = end
  }
  if (reached < through) parts.push({ after: reached, through, suspended: false })
  return parts
}

function mergeStretches(stretches: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const merged: [number, number][] = []
  for (const [from, to] of [...stretches].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}
