/** Feedback → how far each agent's suggestion for each action can be trusted. Pure. */
import { type FeedbackEvent, VERDICT_SCORES } from './feedback-event.ts'

/** The learning weight of one (agent, action). */
export interface Weight {
  readonly agent: string
  readonly action: string
  /** 0 to 1; four decimals. */
  readonly weight: number
  readonly samples: number
  /** Samples with their age taken into account; two decimals. */
  readonly effectiveSamples: number
}

export interface LearnOptions {
  /** Feedback of this age counts half. Default 14 days. */
  readonly halfLifeMs?: number
  /** What is assumed without feedback. Default 0.5. */
  readonly prior?: number
  /** How many samples the prior is worth. Default 4. */
  readonly priorSamples?: number
}

/**
 * A smoothed acceptance ratio: (prior × priorSamples + Σ age × score) ÷ (priorSamples + Σ age), where
 * age = 0.5 ^ (age of the event ÷ half-life). Ages are counted from the newest event, so that the
 * weights follow from the data alone and do not fade while nobody gives feedback. Sorted by agent and action.
 */
export function learnWeights(events: readonly FeedbackEvent[], options: LearnOptions = {}): readonly Weight[] {
  const { halfLifeMs = 14 * 86_400_000, prior = 0.5, priorSamples = 4 } = options
  const asOf = newestAt(events)
  const sums = new Map<string, { agent: string; action: string; samples: number; mass: number; score: number }>()
  for (const event of events) {
    const id = weightId(event)
    const sum = sums.get(id) ?? { agent: event.agent, action: event.action, samples: 0, mass: 0, score: 0 }
    const mass = 0.5 ** ((asOf - Date.parse(event.at)) / halfLifeMs)
    sum.samples += 1
    sum.mass += mass
    sum.score += mass * VERDICT_SCORES[event.verdict]
    sums.set(id, sum)
  }
  return [...sums.values()]
    .map(({ agent, action, samples, mass, score }) => ({
      agent,
      action,
      weight: round((prior * priorSamples + score) / (priorSamples + mass), 4),
      samples,
      effectiveSamples: round(mass, 2),
    }))
    .sort((a, b) => a.agent.localeCompare(b.agent, 'en') || a.action.localeCompare(b.action, 'en'))
}

/** Epoch ms of the newest event; 0 without any. */
export function newestAt(events: readonly FeedbackEvent[]): number {
  return events.reduce((newest, event) => Math.max(newest, Date.parse(event.at)), 0)
}

/** Tells apart (agent, action) pairs. */
export function weightId({ agent, action }: { readonly agent: string; readonly action: string }): string {
  return JSON.stringify([agent, action])
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals))
}
