/** What of runs and effects the judge lets pass, and what it does not. */
import { describe, expect, it } from 'vitest'
import type { Effect } from '../src/effects.ts'
import { judgeRuns, type ExpectedRuns } from '../src/judge-runs.ts'
import type { FinishedRun } from '../src/store-look.ts'

const run = (id: string, given: Partial<FinishedRun> = {}): FinishedRun => ({
  id,
  job: 'task',
  key: '',
  state: 'succeeded',
  reason: null,
  slot: null,
  fence: 1,
  attempt: 1,
  crashes: 0,
  ...given,
})
const effect = (runId: string, given: Partial<Effect> = {}): Effect => ({
  runId,
  fence: 1,
  job: 'task',
  key: '',
  slot: null,
  attempt: 1,
  worker: 'a',
  pid: 1,
  startedAt: 10,
  endedAt: 20,
  ending: 'returned',
  ...given,
})

interface Case {
  readonly what: string
  readonly runs: readonly FinishedRun[]
  readonly effects: readonly Effect[]
  readonly told: RegExp
  /** With this it passes. */
  readonly pardon?: ExpectedRuns
}

const CASES: readonly Case[] = [
  {
    what: 'a reason to skip that was not to be',
    runs: [run('x', { state: 'skipped', reason: 'misfire' })],
    effects: [],
    told: /runs that ended otherwise/,
    pardon: { skipped: ['misfire'] },
  },
  { what: 'a run that is dead', runs: [run('x', { state: 'dead' })], effects: [], told: /runs that ended otherwise/ },
  {
    what: 'an effect of no run',
    runs: [],
    effects: [effect('x')],
    told: /no run accounts for/,
    pardon: { forgotten: ['x'] },
  },
  {
    what: 'an effect of a run that was lost',
    runs: [],
    effects: [effect('x', { startedAt: 10 })],
    told: /no run accounts for/,
    pardon: { lostAt: 10 },
  },
  {
    what: 'a success under another fence than its effect',
    runs: [run('x', { fence: 2 })],
    effects: [effect('x')],
    told: /successes without effect/,
  },
  {
    what: 'a handler that ended twice',
    runs: [run('x', { fence: 2 })],
    effects: [effect('x'), effect('x', { fence: 2 })],
    told: /ended twice/,
    pardon: { repeated: ['x'] },
  },
  {
    what: 'a fence that fell',
    runs: [run('x', { fence: 1 })],
    effects: [effect('x', { fence: 2, ending: 'LeaseLost' }), effect('x')],
    told: /fence fell/,
  },
]

describe('judgeRuns', () => {
  const judge = (runs: readonly FinishedRun[], effects: readonly Effect[], expected: ExpectedRuns = {}): string =>
    judgeRuns(runs, effects, expected)
      .filter((one) => one !== null)
      .join('\n')

  it('lets pass what is promised and done', () => {
    const runs = [run('x'), run('y', { state: 'skipped', reason: 'overlap' })]
    expect(judge(runs, [effect('x')], { promised: ['x'] })).toBe('')
  })

  it('finds a promise that was not kept', () => {
    expect(judge([run('x')], [effect('x')], { promised: ['y'] })).toMatch(/promised runs that are lost: "y"/)
  })

  it.each(CASES)('finds $what', ({ runs, effects, told, pardon }) => {
    expect(judge(runs, effects)).toMatch(told)
    if (pardon !== undefined) expect(judge(runs, effects, pardon)).toBe('')
  })
})
