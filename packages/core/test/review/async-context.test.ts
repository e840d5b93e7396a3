/** Runs that are served one after the other have nothing of each other's asynchronous context. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, it } from 'vitest'
import { defineJob } from '../../src/index.ts'
import { createSite } from '../faults/site.ts'

it.each([
  ['at once', false],
  ['after a wait', true],
])('what a handler enters %s is not there for the next', async (_, waits) => {
  const local = new AsyncLocalStorage<string>()
  await using site = createSite()
  const found: unknown[] = []
  const job = defineJob({
    name: 'j',
    run: ({ key }) => {
      found.push(local.getStore())
      local.enterWith(key)
      return waits ? process.sleep(10) : undefined
    },
  })
  const process = site.process({ jobs: [job], concurrency: 2 })
  await process.start()
  await site.clock.until(
    process.scheduler.triggerMany(
      job,
      Array.from({ length: 40 }, (__, n) => ({ key: `${n}` })),
    ),
  )
  await site.clock.advance(10_000)
  expect(found).toEqual(Array.from({ length: 40 }, () => undefined))
})
