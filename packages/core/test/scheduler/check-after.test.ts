/** Jobs that come after one another: no cycles, and a word about what is not there. */
import { describe, expect, it } from 'vitest'
import { createScheduler, defineJob, type Job, memoryStore } from '../../src/index.ts'
import { recordLogs } from './record-logs.ts'
import { refusalOf } from './refusal-of.ts'

const following = (name: string, ...names: readonly string[]): Job<undefined> =>
  defineJob({ name, after: names.map((one) => ({ name: one })), run: () => undefined })

describe('jobs whose successes start each other', () => {
  it.each<[string, readonly Job<undefined>[], string]>([
    ['itself', [following('a', 'a')], '"a" after "a"'],
    ['two', [following('a', 'b'), following('b', 'a')], '"a" after "b" after "a"'],
    [
      'three, behind another',
      [following('z', 'a'), following('a', 'b'), following('b', 'c'), following('c', 'a')],
      '"a" after "b" after "c" after "a"',
    ],
  ])('%s', async (_, jobs, cycle) => {
    expect(await refusalOf(() => createScheduler({ store: memoryStore(), jobs }))).toBe(
      `InvalidOption: createScheduler: jobs: ${cycle}: each success would start the next, for ever. Take one of them out of after.`,
    )
  })

  it('what only meets again is none', () => {
    const { logger, warnings } = recordLogs()
    const jobs = [following('d', 'b', 'c'), following('b', 'a'), following('c', 'a', 'b'), following('a')]
    expect(createScheduler({ store: memoryStore(), jobs, logger }).jobs).toHaveLength(4)
    expect(warnings()).toEqual([])
  })
})

it('what comes after a job that is not there is warned of once, and still refused nothing', async () => {
  const { logger, warnings } = recordLogs()
  await using scheduler = createScheduler({ store: memoryStore(), jobs: [following('a', 'b', 'x', 'y'), following('b')], logger })
  await scheduler.tick()
  await scheduler.tick()
  expect(warnings()).toEqual([
    'job "a" comes after "x", which is not among the jobs of this scheduler',
    'job "a" comes after "y", which is not among the jobs of this scheduler',
  ])
})
