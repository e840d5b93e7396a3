/** Who is served when not everything can be. */
import { describe, expect, it } from 'vitest'
import { addOwner, claimAtOnce, claimRecords, enqueueMany } from '../../src/testing/conformance/run-steps.ts'
import { addSchedule, define } from '../../src/testing/conformance/schedule-steps.ts'
import { memoryTrial } from './trial.ts'

const JOBS = ['a', 'b', 'c'] as const

describe('fairness between jobs', () => {
  it('takes one run of each job in turn, over claims', async () => {
    const t = await memoryTrial()
    for (const job of JOBS) {
      await define(t, job)
      await enqueueMany(t, job, 10)
    }
    await addOwner(t, 'p', JOBS)
    const served: string[] = []
    for (let round = 0; round < 3; round++) served.push(...(await claimRecords(t, 'p', { limit: 4 })).map((run) => run.job))
    expect(served).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('does not spend turns on jobs that the owner does not know', async () => {
    const t = await memoryTrial()
    for (const job of JOBS) {
      await define(t, job)
      await enqueueMany(t, job, 10)
    }
    await addOwner(t, 'p', ['b'])
    expect((await claimRecords(t, 'p', { limit: 4 })).map((run) => run.job)).toEqual(['b', 'b', 'b', 'b'])
    await addOwner(t, 'q', JOBS)
    expect((await claimRecords(t, 'q', { limit: 3 })).map((run) => run.job)).toEqual(['a', 'c', 'b'])
  })

  it('shares out due schedules, begins with another job each time, and gives what others leave', async () => {
    const t = await memoryTrial()
    const asOf = (await t.now()) - 10_000
    for (const [job, count] of [
      ['a', 10],
      ['b', 10],
      ['c', 1],
    ] as const) {
      await define(t, job)
      for (let index = 0; index < count; index++) await addSchedule(t, job, `s${index}`, { asOf, nextSlot: asOf + index + 1 })
    }
    await addOwner(t, 'p', JOBS)
    const jobsOf = async (limit: number): Promise<string> => {
      const { schedules } = await t.store.schedules.due({ owner: 'p', limit, ...t.at() })
      const instants = schedules.map((one) => one.nextDueAt ?? 0)
      expect(instants).toEqual(instants.toSorted((x, y) => x - y))
      return schedules
        .map((one) => one.job)
        .toSorted()
        .join('')
    }
    expect(await jobsOf(9)).toMatch(/^(a{4}b{4}|a{3}b{5}|a{5}b{3})c$/)
    expect(new Set([await jobsOf(1), await jobsOf(1), await jobsOf(1)])).toEqual(new Set(JOBS))
    expect(await jobsOf(100)).toBe(`${'a'.repeat(10)}${'b'.repeat(10)}c`)
  })

  it('skips a backlog of another job, whatever its priority', async () => {
    const t = await memoryTrial()
    for (const job of JOBS) await define(t, job)
    await enqueueMany(t, 'a', 50, { priority: 9 })
    await enqueueMany(t, 'b', 1)
    await addOwner(t, 'p', JOBS)
    const reply = await t.store.runs.claim({ ...claimAtOnce(t, 'p', { limit: 2 }), ...t.at() })
    expect(reply.runs.map((run) => run.record.job).toSorted()).toEqual(['a', 'b'])
  })
})
