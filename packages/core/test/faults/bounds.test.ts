import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineJob } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

describe('what is too large or cannot be kept', () => {
  const refusal = async (payload: unknown): Promise<unknown> => {
    const job = defineJob({ name: 'deep', payload: z.unknown(), run: () => undefined })
    await using manual = manualScheduler({ jobs: [job] })
    return manual.scheduler.trigger(job, payload).catch((error: unknown) => error)
  }

  it.each<[string, unknown, RegExp]>([
    ['10 MB', 'x'.repeat(10_000_000), /\$truncated.*"bytes":10000002,"limit":65536/],
    ['a BigInt', { n: 1n }, /\$unserialisable/],
    ['a cycle', Object.assign([] as unknown[], { 0: null }), /\[null\]/],
    [
      'a getter that throws',
      {
        get x(): never {
          throw new Error('no')
        },
      },
      /\$unserialisable":"no/,
    ],
  ])('a result of %s never fails its run', async (_, result, kept) => {
    const job = defineJob({ name: 'large', run: () => result })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const handle = await manual.scheduler.trigger(job)
    expect(JSON.stringify(await manual.finish(handle))).toMatch(kept)
    const [record] = (await manual.scheduler.store.runs.get({ ids: [handle.id] })).runs
    expect(record?.result?.length).toBeLessThan(65_536)
  })

  it('errors, progress and reasons are bounded in what is kept', async () => {
    const huge = 'x'.repeat(1_000_000)
    const job = defineJob({
      name: 'large',
      run: ({ progress }) => {
        progress({ huge })
        throw Object.assign(new Error(huge), { stack: huge, cause: new Error(huge) })
      },
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const { id } = await manual.scheduler.trigger(job)
    await manual.advance('15s')
    const [record] = (await manual.scheduler.store.runs.get({ ids: [id] })).runs
    expect(record?.state).toBe('dead')
    expect(JSON.stringify(record?.error).length).toBeLessThanOrEqual(16_384)
    expect(record?.reason?.length).toBeLessThanOrEqual(16_384)
    expect(record?.progress?.length).toBeLessThanOrEqual(4_096)
    expect(JSON.stringify(record).length).toBeLessThan(100_000)
  })

  it('a payload nested without end is refused with a code', async () => {
    let nested: unknown = 0
    for (let depth = 0; depth < 200_000; depth++) nested = [nested]
    await expect(refusal(nested)).resolves.toMatchObject({
      code: 'PayloadNotSerializable',
      message: expect.stringMatching(/nested deeper than 500 levels/),
    })
    expect(((await refusal(nested)) as Error).message.length).toBeLessThan(500)
  })

  it.each<[string, () => unknown]>([
    ['throws', () => expect.unreachable()],
    ['answers with a BigInt', () => 1n],
  ])('a payload whose toJSON %s is refused with a code', async (_, toJSON) => {
    expect(await refusal({ toJSON })).toMatchObject({ code: 'PayloadNotSerializable' })
  })
})
