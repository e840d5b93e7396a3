/** A run that is pruned while its request may still be repeated would run twice: pruning by count spares it. */
import { expect, it } from 'vitest'
import { defineJob } from '../../src/index.ts'
import { SWALLOWED } from '../faults/line.ts'
import { createSite } from '../faults/site.ts'

const SECOND_MS = 1_000

it('no trigger runs twice whose first reply is lost, however many others there are meanwhile', async () => {
  await using site = createSite()
  const ran = new Map<string, number>()
  const job = defineJob({ name: 'mail', run: (ctx) => void ran.set(ctx.runId, (ran.get(ctx.runId) ?? 0) + 1) })
  // The first only triggers, as a web server does; the second executes, and prunes.
  const asker = site.process({ jobs: [job] })
  const worker = site.process({ jobs: [job] })
  await site.clock.until(asker.line.store.open())
  await worker.start()
  const asked = new Set<string>()
  asker.line.judge((verb, request) => {
    if (verb !== 'runs.enqueue') return null
    const { requests } = request as { readonly requests: readonly { readonly id: string }[] }
    const isAgain = requests.every(({ id }) => asked.has(id))
    for (const { id } of requests) asked.add(id)
    return isAgain ? null : SWALLOWED
  })
  const pending: Promise<unknown>[] = []
  for (let second = 0; second < 240; second++) {
    if (second % 8 === 0) pending.push(asker.scheduler.trigger(job))
    for (let count = 0; count < 15; count++) pending.push(worker.scheduler.trigger(job))
    await site.clock.advance(SECOND_MS)
  }
  await site.clock.until(Promise.all(pending), 60 * SECOND_MS)
  await site.clock.advance(20 * SECOND_MS)
  expect(asked.size).toBe(30)
  expect(ran.size).toBe(pending.length)
  expect([...ran.values()].filter((count) => count > 1)).toEqual([])
})

it('what was spared is pruned soon after, though nothing else happens', async () => {
  await using site = createSite()
  const job = defineJob({ name: 'mail', run: () => undefined, keep: { succeeded: 2 } })
  const worker = site.process({ jobs: [job] })
  await worker.start()
  await site.clock.until(Promise.all(Array.from({ length: 7 }, () => worker.scheduler.trigger(job))))
  const kept = async (): Promise<number> => (await site.store.runs.find({ job: 'mail', limit: 100 })).runs.length
  await site.clock.advance(50 * SECOND_MS)
  expect(await kept()).toBe(7)
  await site.clock.advance(90 * SECOND_MS)
  expect(await kept()).toBe(2)
})

it('a longer time limit of calls makes the grace longer', async () => {
  await using site = createSite()
  const job = defineJob({ name: 'mail', run: () => undefined })
  const graces: unknown[] = []
  for (const storeTimeout of [SECOND_MS, 5 * SECOND_MS, 20 * SECOND_MS]) {
    const one = site.process({ jobs: [job], storeTimeout, lease: 60 * SECOND_MS })
    await one.start()
    await site.clock.advance(70 * SECOND_MS)
    graces.push((one.line.requests('runs.prune')[0] as { readonly graceMs: number }).graceMs)
  }
  // A minute; and twice five tries with the waits between them.
  expect(graces).toEqual([60_000, 60_000, 2 * (5 * 20_000 + 750)])
})
