import { describe, expect, it } from 'vitest'
import { ownSubject } from './own-subject.ts'
import { itKeepsEveryPromise } from './seeds.ts'
import { simulate } from './simulate.ts'

describe('simulation', () => {
  itKeepsEveryPromise('odd')

  it('a seed replays exactly', { timeout: 60_000 }, async () => {
    const runs: string[][] = []
    for (let time = 0; time < 2; time++) {
      const lines: string[] = []
      await simulate({ seed: 7, subject: ownSubject, trace: (line) => lines.push(line) })
      runs.push(lines)
    }
    expect(runs[0]?.length).toBeGreaterThan(500)
    expect(runs[1]).toEqual(runs[0])
  })

  it('seeds are busy: every kind of thing happens somewhere', { timeout: 60_000 }, async () => {
    const totals = { slots: 0, executions: 0, triggers: 0, replicas: 0 }
    for (let seed = 1; seed <= 5; seed++) {
      const result = await simulate({ seed, subject: ownSubject })
      for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key]
    }
    expect(totals.slots).toBeGreaterThan(500)
    expect(totals.executions).toBeGreaterThan(500)
    expect(totals.triggers).toBeGreaterThan(50)
    expect(totals.replicas).toBeGreaterThan(30)
  })
})
