/** How long `finished()` waits for a run that comes with a commit. */
import { expect, it } from 'vitest'
import { createRunHandle } from '../../src/scheduler/run-handle.ts'
import type { RunRecord } from '../../src/store/records.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

const RUNNING = { id: 'r', job: 'mail', state: 'running' } as RunRecord
const SUCCEEDED = { ...RUNNING, state: 'succeeded', result: '1' } as RunRecord

function setUp(isComing: boolean) {
  const clock = fakeClock(0)
  let record: RunRecord | null = null
  const hints = { next: () => new Promise<void>(() => undefined), close: () => undefined }
  const handle = createRunHandle({ id: 'r', outcome: 'created' }, 'mail', { clock, isComing, get: async () => record, hints: () => hints })
  const become = (next: RunRecord | null): void => {
    record = next
  }
  return { clock, handle, become }
}

it('what was triggered with tx is waited for until it is there', async () => {
  const { clock, handle, become } = setUp(true)
  const finished = handle.finished()
  await clock.advance(20_000)
  become(SUCCEEDED)
  await clock.advance(2_000)
  expect(await finished).toBe(1)
})

it('what never comes is given up, and so is what was there and is pruned', async () => {
  const { clock, handle, become } = setUp(true)
  const never = handle.finished().catch((error: unknown) => error)
  await clock.advance(29_000)
  expect(await Promise.race([never, 'waits'])).toBe('waits')
  await clock.advance(4_000)
  expect(await never).toMatchObject({ code: 'UnknownRun', message: expect.stringContaining('Await it after the commit') })

  become(RUNNING)
  const pruned = handle.finished().catch((error: unknown) => error)
  await clock.advance(1_000)
  become(null)
  await clock.advance(2_000)
  expect(await pruned).toMatchObject({ code: 'UnknownRun', message: expect.stringContaining('Keep more history') })
})

it('a timeout ends the wait before it is there', async () => {
  const { clock, handle } = setUp(true)
  const finished = handle.finished({ timeout: '1s' }).catch((error: unknown) => error)
  await clock.advance(1_000)
  expect(await finished).toMatchObject({ code: 'WaitTimedOut', message: expect.stringContaining('is not there yet') })
})

it('any other run that is not there is not waited for', async () => {
  await expect(setUp(false).handle.finished()).rejects.toMatchObject({ code: 'UnknownRun' })
})
