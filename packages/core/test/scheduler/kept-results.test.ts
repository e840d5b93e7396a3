/** Results and progress that cannot be kept whole: the run succeeds, a marker stands for them, and a line in the log says so. */
import { describe, expect, it } from 'vitest'
import { defineJob } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { recordLogs } from './record-logs.ts'

const cycle: Record<string, unknown> = {}
cycle.self = cycle

describe('a result', () => {
  it.each<[what: string, value: unknown, kept: unknown, loss: string]>([
    ['too large', 'x'.repeat(70_000), { $truncated: expect.objectContaining({ bytes: 70_002, limit: 65_536 }) }, 'has 70002 bytes as JSON'],
    ['a BigInt', { n: 1n }, { $unserialisable: expect.stringContaining('BigInt') }, 'cannot be written as JSON'],
    ['a cycle', cycle, { $unserialisable: expect.stringContaining('circular') }, 'cannot be written as JSON'],
    ['a map', { seen: new Map([[1, 2]]) }, { seen: {} }, 'is kept in part: its value.seen is a Map, which JSON cannot keep'],
    ['a NaN', [1, Number.NaN], [1, null], 'is kept in part: its value[1] is NaN'],
    ['a function', () => 1, undefined, 'is nothing that JSON can keep'],
  ])('%s', async (_, value, kept, loss) => {
    const { logger, warnings } = recordLogs()
    const job = defineJob({ name: 'j', run: () => value })
    await using manual = manualScheduler({ jobs: [job], logger })
    await manual.start()
    const first = await manual.scheduler.trigger(job)
    expect(await manual.finish(first)).toEqual(kept)
    await manual.finish(await manual.scheduler.trigger(job))
    expect(warnings()).toEqual([expect.stringContaining(`run ${first.id} of job "j" (attempt 1): its result ${loss}`)])
  })

  it.each([[undefined], [null], [0], ['text'], [{ rows: 12, at: new Date(0), by: Buffer.from('x') }]])(
    '%j is kept as it is',
    async (value) => {
      const { logger, warnings } = recordLogs()
      const job = defineJob({ name: 'j', run: () => value })
      await using manual = manualScheduler({ jobs: [job], logger })
      await manual.start()
      const kept = await manual.finish(await manual.scheduler.trigger(job))
      expect(kept).toEqual(value === undefined ? undefined : JSON.parse(JSON.stringify(value)))
      expect(warnings()).toEqual([])
    },
  )
})

it('progress that is too large is told, too; each job is told of once', async () => {
  const { logger, warnings } = recordLogs()
  const talks = defineJob({ name: 'talks', run: (ctx) => [ctx.progress('x'.repeat(5_000)), 1n] })
  const other = defineJob({ name: 'other', run: () => 1n })
  await using manual = manualScheduler({ jobs: [talks, other], logger })
  await manual.start()
  await manual.finish(await manual.scheduler.trigger(talks))
  await manual.finish(await manual.scheduler.trigger(other))
  expect(warnings()).toEqual([
    expect.stringMatching(/^run .* of job "talks" \(attempt 1\): its progress has 5002 bytes as JSON, and the limit is 4096; a marker/),
    expect.stringMatching(/^run .* of job "other" \(attempt 1\): its result cannot be written/),
  ])
})

describe('ctx.skip', () => {
  it.each([
    ['nothing new', 'handler: nothing new'],
    [undefined, 'handler: no reason given'],
    [' ', 'handler: no reason given'],
    [42, 'handler: no reason given'],
    ['x'.repeat(2_000), expect.stringMatching(/^handler: x{900,1000}… \[truncated from 2000 characters\]$/)],
  ])('%j', async (reason, kept) => {
    const job = defineJob({ name: 'j', run: (ctx) => ctx.skip(reason as never) })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const { id } = await manual.scheduler.trigger(job)
    await manual.advance('1s')
    expect(await manual.scheduler.runs.get(id)).toMatchObject({ state: 'skipped', reason: kept })
  })
})
