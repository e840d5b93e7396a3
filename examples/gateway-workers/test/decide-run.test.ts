/** The verdict of an agent: nothing with a reason, or suggestions. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../src/db/time.ts'
import { AGENT_NAMES, AGENTS } from '../src/orchestration/agents.ts'
import { decideRun, isDue, type RunFacts } from '../src/orchestration/decide-run.ts'
import { FINDING_KINDS, type Finding, type FindingKind } from '../src/orchestration/finding.ts'
import { reasonToSkip, scoreFindings } from '../src/orchestration/score-findings.ts'
import { settingsSchema } from '../src/orchestration/settings.ts'

const AT = Date.UTC(2026, 2, 2, 6)

function finding(kind: FindingKind, id: number | string, more: Partial<Finding> = {}): Finding {
  return { kind, topic: `${kind}:${id}`, title: `t${id}`, detail: `d${id}`, isActionable: true, value: 0.8, ...more }
}

const facts: RunFacts = {
  agent: 'developer',
  settings: {
    autonomousMode: 'suggest',
    frequencyHours: 6,
    minConfidenceScore: 0.5,
    maxPerRun: 2,
    cooldownHours: 48,
    scheduleActive: true,
  },
  isSyncEnabled: true,
  lastRunAt: null,
  earlier: [],
  findings: [finding('pr-waiting', 1), finding('pr-stale', 2, { value: 0.6 }), finding('hotspot', 3, { value: 0.7 })],
  isForced: false,
}
const withSettings = (more: Partial<RunFacts['settings']>): RunFacts => ({ ...facts, settings: { ...facts.settings, ...more } })
const topicsOf = (run: RunFacts): readonly string[] | string => {
  const decision = decideRun(run, AT)
  return decision.kind === 'skip' ? decision.reason : decision.suggestions.map(({ topic }) => topic)
}

describe('routing', () => {
  it('gives every kind of finding to exactly one agent', () => {
    for (const kind of FINDING_KINDS) expect(AGENT_NAMES.filter((agent) => AGENTS[agent][kind] !== undefined)).toHaveLength(1)
  })

  it('shows an agent nothing of another one’s', () => {
    expect(topicsOf({ ...facts, agent: 'designer' })).toBe('relevance 0, actionability 0, freshness 0, value 0: below 0.5')
  })
})

describe('what stands in the way', () => {
  it.each<[string, RunFacts, string]>([
    ['a project that is not synchronised', { ...facts, isSyncEnabled: false }, 'github_sync_enabled is false'],
    ['a disabled agent', withSettings({ autonomousMode: 'disabled' }), 'autonomous_mode is disabled'],
    ['a disabled agent, even by hand', { ...withSettings({ autonomousMode: 'disabled' }), isForced: true }, 'autonomous_mode is disabled'],
    ['its frequency', { ...facts, lastRunAt: AT - 3 * HOUR_MS }, 'ran 2026-03-02T03:00:00.000Z, and is to run every 6 h'],
  ])('%s', (_, run, reason) => {
    expect(decideRun(run, AT)).toEqual({ kind: 'skip', reason, scores: null })
  })

  it('the frequency does not hold back what somebody asked for', () => {
    expect(decideRun({ ...facts, lastRunAt: AT - HOUR_MS, isForced: true }, AT).kind).toBe('suggest')
  })

  it.each([
    [1, HOUR_MS, true],
    [1, 56 * 60_000, true],
    [1, 54 * 60_000, false],
    [168, 7 * DAY_MS, true],
    [168, 6 * DAY_MS, false],
  ])('every %i h, %i ms after the last run: %s', (frequencyHours, sinceMs, expected) => {
    expect(isDue({ frequencyHours }, AT - sinceMs, AT)).toBe(expected)
  })
})

describe('the four scores', () => {
  const never = { isKnown: () => false, limit: 5 }
  it.each<[string, readonly Finding[], (topic: string) => boolean, object]>([
    ['one finding', [finding('release', 1)], () => false, { relevance: 0.5, actionability: 1, freshness: 1, value: 0.8 }],
    [
      'half of it actionable',
      [finding('release', 1), finding('release', 2, { isActionable: false })],
      () => false,
      { relevance: 1, actionability: 0.5, freshness: 1, value: 0.8 },
    ],
    [
      'half of it known',
      [finding('release', 1), finding('release', 2)],
      (topic) => topic === 'release:1',
      { relevance: 1, actionability: 1, freshness: 0.5, value: 0.8 },
    ],
    ['all of it known', [finding('release', 1)], () => true, { relevance: 0.5, actionability: 1, freshness: 0, value: 0 }],
    [
      'of little worth',
      [finding('release', 1, { value: 0.2 }), finding('release', 2, { value: 0.4 })],
      () => false,
      { relevance: 1, actionability: 1, freshness: 1, value: 0.3 },
    ],
  ])('%s', (_, relevant, isKnown, expected) => {
    const { scores } = scoreFindings(relevant, { isKnown, limit: 5 })
    for (const [name, score] of Object.entries(expected))
      expect([name, scores[name as keyof typeof scores]]).toEqual([name, expect.closeTo(score, 5)])
  })

  it.each<[string, Partial<Record<'relevance' | 'actionability' | 'freshness' | 'value', number>>, string | null]>([
    ['all above', {}, null],
    ['on the threshold', { value: 0.5 }, null],
    ['one below', { freshness: 0.49 }, 'freshness 0.49: below 0.5'],
    ['two below', { relevance: 0, value: 0.1 }, 'relevance 0, value 0.1: below 0.5'],
  ])('%s', (_, low, reason) => {
    expect(reasonToSkip({ relevance: 1, actionability: 1, freshness: 1, value: 1, ...low }, 0.5)).toBe(reason)
  })

  it('stay within 0 and 1, and picks are new, actionable and no more than allowed', () => {
    const findings = fc.array(
      fc.record({
        topic: fc.constantFrom('a', 'b', 'c', 'd'),
        isActionable: fc.boolean(),
        value: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    )
    fc.assert(
      fc.property(findings, fc.integer({ min: 1, max: 4 }), (given, limit) => {
        const relevant = given.map(({ topic, ...more }) => ({ ...finding('trend', 0), ...more, topic }))
        const { scores, picked } = scoreFindings(relevant, { isKnown: (topic) => topic === 'a', limit })
        for (const score of Object.values(scores)) expect(score >= 0 && score <= 1).toBe(true)
        expect(picked.length).toBeLessThanOrEqual(limit)
        expect(picked.every(({ topic, isActionable }) => topic !== 'a' && isActionable)).toBe(true)
      }),
    )
  })

  it('are judged by the threshold of the settings', () => {
    expect(reasonToSkip(scoreFindings(facts.findings, never).scores, 0.5)).toBeNull()
    expect(topicsOf(withSettings({ minConfidenceScore: 0.9 }))).toBe('value 0.75: below 0.9')
  })
})

describe('suggestions', () => {
  it('are the most valuable ones, no more than max_per_run', () => {
    expect(topicsOf(facts)).toEqual(['pr-waiting:1', 'hotspot:3'])
    expect(topicsOf(withSettings({ maxPerRun: 1 }))).toEqual(['pr-waiting:1'])
    expect(topicsOf(withSettings({ maxPerRun: 20 }))).toHaveLength(3)
  })

  it.each<[string, { createdAt: number; isPending: boolean }, readonly string[]]>([
    ['within the cooldown', { createdAt: AT - 47 * HOUR_MS, isPending: false }, ['hotspot:3', 'pr-stale:2']],
    ['after it', { createdAt: AT - 48 * HOUR_MS, isPending: false }, ['pr-waiting:1', 'hotspot:3']],
    ['after it, while nobody has looked', { createdAt: AT - 90 * DAY_MS, isPending: true }, ['hotspot:3', 'pr-stale:2']],
  ])('are not repeated: %s', (_, earlier, expected) => {
    expect(topicsOf({ ...facts, earlier: [{ topic: 'pr-waiting:1', ...earlier }] })).toEqual(expected)
  })

  it.each([
    ['suggest', 'pending_review', null],
    ['auto_approve', 'approved', 'auto_approve'],
    ['auto_publish', 'published', 'auto_publish'],
  ] as const)('in mode %s are %s', (autonomousMode, status, decidedBy) => {
    const decision = decideRun(withSettings({ autonomousMode }), AT)
    expect(decision).toMatchObject({
      kind: 'suggest',
      suggestions: [
        { status, decidedBy },
        { status, decidedBy },
      ],
    })
  })

  it('carry the mean of the scores and of their own value as confidence', () => {
    const decision = decideRun(facts, AT)
    expect(decision).toMatchObject({
      suggestions: [
        { kind: 'pr_review', confidence: 0.95 },
        { kind: 'code_improvement', confidence: 0.93 },
      ],
    })
  })
})

describe('settings', () => {
  const good = { autonomousMode: 'suggest', frequencyHours: 6, maxPerRun: 3, cooldownHours: 24 }
  it('have a threshold of 0.5 unless they say otherwise', () => {
    expect(settingsSchema.parse(good)).toMatchObject({ minConfidenceScore: 0.5, scheduleActive: true })
  })

  it.each([
    { frequencyHours: 0 },
    { frequencyHours: 169 },
    { frequencyHours: 1.5 },
    { minConfidenceScore: 1.1 },
    { minConfidenceScore: -0.1 },
    { maxPerRun: 0 },
    { cooldownHours: -1 },
    { autonomousMode: 'yolo' },
    { somethingElse: 1 },
  ])('%j is refused', (bad) => {
    expect(settingsSchema.safeParse({ ...good, ...bad }).success).toBe(false)
  })

  it.each([1, 168])('%i hours are taken', (frequencyHours) => {
    expect(settingsSchema.safeParse({ ...good, frequencyHours }).success).toBe(true)
  })
})
