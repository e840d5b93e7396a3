/** The events that are known and the weights learnt from them. */
import { appendFile } from 'node:fs/promises'
import type { FeedbackEvent } from './feedback-event.ts'
import { learnWeights, newestAt, type Weight, weightId } from './learn-weights.ts'

/** How one weight moved; `from` is null for a pair that was not known before. */
export interface WeightChange {
  readonly agent: string
  readonly action: string
  readonly from: number | null
  readonly to: number
}

/** What one aggregation did. */
export interface AggregateResult {
  readonly status: 'ok'
  readonly modelVersion: number
  readonly events: number
  readonly newEvents: number
  readonly weights: number
  readonly changed: number
  readonly largestChange: WeightChange | null
}

export interface LearningModel {
  /** Adds the events whose ids are new, and says how many those were. */
  append(events: readonly FeedbackEvent[]): Promise<{ readonly accepted: number; readonly duplicates: number }>
  /** Learns anew from all events. Null when none came since the last time: nothing would change. */
  aggregate(): AggregateResult | null
  current(): { readonly modelVersion: number; readonly asOf: string | null; readonly weights: readonly Weight[] }
}

export interface LearningModelOptions {
  readonly events: readonly FeedbackEvent[]
  /** Appended events are also written to this file. Default: kept in memory only. */
  readonly journal?: string
}

/** A model that starts from `events` and has learnt nothing yet. */
export function createLearningModel({ events: initial, journal }: LearningModelOptions): LearningModel {
  const events = new Map(initial.map((event) => [event.id, event]))
  let aggregated = 0
  let modelVersion = 0
  let asOf: string | null = null
  let weights: readonly Weight[] = []

  return {
    async append(candidates) {
      const fresh = new Map(candidates.filter(({ id }) => !events.has(id)).map((event) => [event.id, event]))
      for (const [id, event] of fresh) events.set(id, event)
      if (journal !== undefined && fresh.size > 0)
        await appendFile(journal, [...fresh.values()].map((event) => `${JSON.stringify(event)}\n`).join(''))
      return { accepted: fresh.size, duplicates: candidates.length - fresh.size }
    },

    aggregate() {
      const newEvents = events.size - aggregated
      if (newEvents === 0) return null
      const all = [...events.values()]
      const learnt = learnWeights(all)
      const changes = compareWeights(weights, learnt)
      weights = learnt
      aggregated = events.size
      modelVersion += 1
      asOf = new Date(newestAt(all)).toISOString()
      return {
        status: 'ok',
        modelVersion,
        events: events.size,
        newEvents,
        weights: weights.length,
        changed: changes.length,
        largestChange: changes[0] ?? null,
      }
    },

    current: () => ({ modelVersion, asOf, weights }),
  }
}

/** The weights that differ, the largest change first; pairs without a past come last. */
function compareWeights(before: readonly Weight[], after: readonly Weight[]): readonly WeightChange[] {
  const past = new Map(before.map((weight) => [weightId(weight), weight.weight]))
  return after
    .map(({ agent, action, weight }) => ({ agent, action, from: past.get(weightId({ agent, action })) ?? null, to: weight }))
    .filter(({ from, to }) => from !== to)
    .sort((a, b) => distance(b) - distance(a))
}

function distance({ from, to }: WeightChange): number {
  return from === null ? 0 : Math.abs(to - from)
}
