import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { type FeedbackEvent, parseEventLines } from '../src/api/feedback-event.ts'
import { generateEvents } from '../src/api/generate-events.ts'
import { learnWeights } from '../src/api/learn-weights.ts'
import { createLearningModel } from '../src/api/learning-model.ts'
import { SHIPPED_EVENTS } from '../src/api/start-api.ts'

const DAY_MS = 86_400_000
let serial = 0

function toolEvent(verdict: 'accepted' | 'edited' | 'dismissed', ageDays = 0, action = 'follow-up'): FeedbackEvent {
  serial += 1
  const at = new Date(Date.UTC(2025, 10, 20) - ageDays * DAY_MS).toISOString()
  return { id: `e${serial}`, at, user: 'u', agent: 'reply-drafter', action, kind: 'tool', verdict }
}

describe('learnWeights', () => {
  it('is the smoothed acceptance ratio', () => {
    // (0.5 × 4 + 3) ÷ (4 + 4)
    const events = [toolEvent('accepted'), toolEvent('accepted'), toolEvent('accepted'), toolEvent('dismissed')]
    expect(learnWeights(events)).toEqual([{ agent: 'reply-drafter', action: 'follow-up', weight: 0.625, samples: 4, effectiveSamples: 4 }])
  })

  it('counts feedback of one half-life ago half', () => {
    // (2 + 1 × 0 + 0.5 × 1) ÷ (4 + 1.5)
    expect(learnWeights([toolEvent('accepted', 14), toolEvent('dismissed', 0)])).toMatchObject([{ weight: 0.4545, effectiveSamples: 1.5 }])
  })

  it('lets an edited suggestion stand in part', () => {
    expect(learnWeights([toolEvent('edited')])).toMatchObject([{ weight: 0.52 }])
  })

  it('follows from the data alone: the order does not matter', () => {
    const events = generateEvents()
    expect(learnWeights(events.toReversed())).toEqual(learnWeights(events))
  })

  it('knows nothing without feedback', () => {
    expect(learnWeights([])).toEqual([])
  })
})

describe('the shipped events', () => {
  it('are what the generator writes', async () => {
    const lines = generateEvents().map((event) => `${JSON.stringify(event)}\n`)
    expect(await readFile(SHIPPED_EVENTS, 'utf8')).toBe(lines.join(''))
  })

  it('are valid, unique, in order, of every kind, and end before the document begins', async () => {
    const events = parseEventLines(await readFile(SHIPPED_EVENTS, 'utf8'))
    expect(events).toHaveLength(420)
    expect(new Set(events.map(({ id }) => id)).size).toBe(420)
    const instants = events.map(({ at }) => Date.parse(at))
    expect(instants).toEqual(instants.toSorted((a, b) => a - b))
    expect(new Set(events.map(({ verdict }) => verdict))).toEqual(
      new Set(['accepted', 'edited', 'dismissed', 'confirmed', 'corrected', 'kept', 'undone']),
    )
    expect(instants.at(-1)).toBeLessThan(Date.UTC(2025, 10, 20, 14))
  })

  it('teach different weights to different actions', () => {
    const weights = learnWeights(generateEvents())
    expect(weights).toHaveLength(17)
    const of = (action: string): number => weights.find((weight) => weight.action === action)?.weight ?? Number.NaN
    expect(of('application-receipt')).toBeGreaterThan(0.7)
    expect(of('salary-expectation')).toBeLessThan(0.45)
  })

  it('are refused with the number of the line that is wrong', () => {
    expect(() => parseEventLines('\n{"id":"a"}')).toThrow(/^Line 2 is not a feedback event: /)
    expect(() => parseEventLines('{')).toThrow(/^Line 1 is not a feedback event: SyntaxError/)
  })
})

describe('createLearningModel', () => {
  it('learns, says what changed most, and has nothing to do until new events come', async () => {
    const model = createLearningModel({ events: [toolEvent('accepted'), toolEvent('accepted', 0, 'decline')] })
    expect(model.current()).toEqual({ modelVersion: 0, asOf: null, weights: [] })
    expect(model.aggregate()).toMatchObject({ modelVersion: 1, events: 2, newEvents: 2, weights: 2, changed: 2 })
    expect(model.aggregate()).toBeNull()

    expect(await model.append([toolEvent('dismissed', 0, 'decline')])).toEqual({ accepted: 1, duplicates: 0 })
    expect(model.aggregate()).toEqual({
      status: 'ok',
      modelVersion: 2,
      events: 3,
      newEvents: 1,
      weights: 2,
      changed: 1,
      largestChange: { agent: 'reply-drafter', action: 'decline', from: 0.6, to: 0.5 },
    })
  })

  it('counts an event once, however often it is sent', async () => {
    const event = toolEvent('accepted')
    const model = createLearningModel({ events: [event] })
    expect(await model.append([event, event])).toEqual({ accepted: 0, duplicates: 2 })
    const other = toolEvent('accepted')
    expect(await model.append([other, other])).toEqual({ accepted: 1, duplicates: 1 })
  })
})
