/** "Do nothing" intelligence: whether it is worth an agent's while. Pure. */
import type { Finding } from './finding.ts'

/** Each 0 to 1. */
export interface Scores {
  /** Is there enough within the agent's expertise? Two findings are; one is half. */
  readonly relevance: number
  /** Which share of that could somebody act on? */
  readonly actionability: number
  /** Which share of that was not suggested lately? */
  readonly freshness: number
  /** What is the best of the rest worth, on average? */
  readonly value: number
}

export interface Scored {
  readonly scores: Scores
  /** Actionable and new, the most valuable first; at most `limit`. */
  readonly picked: readonly Finding[]
}

/** `isKnown` tells which topics were suggested lately, or still wait for their review. */
export function scoreFindings(
  relevant: readonly Finding[],
  { isKnown, limit }: { readonly isKnown: (topic: string) => boolean; readonly limit: number },
): Scored {
  const actionable = relevant.filter(({ isActionable }) => isActionable)
  const fresh = actionable.filter(({ topic }) => !isKnown(topic))
  const picked = fresh.toSorted((a, b) => b.value - a.value).slice(0, limit)
  return {
    scores: {
      relevance: Math.min(1, relevant.length / 2),
      actionability: share(actionable.length, relevant.length),
      freshness: share(fresh.length, actionable.length),
      value: share(
        picked.reduce((sum, { value }) => sum + value, 0),
        picked.length,
      ),
    },
    picked,
  }
}

/** Why the agent does nothing, or null. Names every score below `threshold`. */
export function reasonToSkip(scores: Scores, threshold: number): string | null {
  const low = Object.entries(scores).filter(([, score]) => score < threshold)
  if (low.length === 0) return null
  return `${low.map(([name, score]) => `${name} ${score}`).join(', ')}: below ${threshold}`
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 100) / 100
}
