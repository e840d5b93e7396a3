import { createScheduler, defineJob, memoryStore, type Store } from '../../src/index.ts'
import { expect, it } from 'vitest'
import { createMaintenance } from '../../src/engine/maintain.ts'
import type { StoreLink } from '../../src/engine/store-link.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

const MINUTE_MS = 60_000

/** What housekeeping asks, of a process in which nothing is settled. */
function idle() {
  const clock = fakeClock(0)
  const asked = { looks: 0, prunes: 0 }
  const call = async (): Promise<object> => {
    asked.prunes++
    return { pruned: 0, more: false }
  }
  const maintenance = createMaintenance({
    clock,
    random: () => 0.5,
    link: { call } as unknown as StoreLink,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    rules: () => [{ job: 'mail', succeeded: 1, dead: 1, forMs: 1 }],
    graceMs: 60_000,
    registerAgain: async () => void asked.looks++,
    wantsRegistration: () => false,
  })
  maintenance.start()
  return { clock, asked, maintenance }
}

it('where nothing is known to be written, looks once, and prunes by age every two hours', async () => {
  const { clock, asked, maintenance } = idle()
  await clock.advance(60 * MINUTE_MS)
  expect(asked).toEqual({ looks: 1, prunes: 1 })
  await clock.advance(70 * MINUTE_MS)
  expect(asked).toEqual({ looks: 1, prunes: 2 })
  await maintenance.stop()
})

it('where runs were settled, prunes once more when those that were spared can go', async () => {
  const { clock, asked, maintenance } = idle()
  await clock.advance(MINUTE_MS)
  maintenance.note()
  await clock.advance(40_000)
  expect(asked.prunes).toBe(2)
  await clock.advance(30_000)
  expect(asked.prunes).toBe(2)
  await clock.advance(30_000)
  expect(asked.prunes).toBe(3)
  await clock.advance(50 * MINUTE_MS)
  expect(asked.prunes).toBe(3)
  await maintenance.stop()
})

it('where the store was written to, looks every five minutes, and prunes every ten', async () => {
  const { clock, asked, maintenance } = idle()
  for (let minute = 0; minute < 60; minute++) {
    maintenance.stir()
    await clock.advance(MINUTE_MS)
  }
  expect(asked.looks).toBe(12)
  expect(asked.prunes).toBeGreaterThanOrEqual(6)
  await maintenance.stop()
})

it('one write is looked at within five minutes', async () => {
  const { clock, asked, maintenance } = idle()
  await clock.advance(60 * MINUTE_MS)
  maintenance.stir()
  await clock.advance(MINUTE_MS)
  expect(asked.looks).toBe(2)
  await maintenance.stop()
})

it('an idle process asks its store twice a minute, where the store tells that nothing was written', async () => {
  const clock = fakeClock()
  const store = memoryStore({ clock })
  const calls: string[] = []
  const counted = <Part extends 'schedules' | 'runs'>(part: Part): Store[Part] => {
    const verbs = Object.entries(store[part]).map(([name, verb]) => [
      name,
      async (request: unknown) => {
        calls.push(name)
        const reply = await (verb as (request: unknown) => Promise<object>)(request)
        return name === 'renew' ? { ...reply, still: true } : reply
      },
    ])
    return Object.fromEntries(verbs) as Store[Part]
  }
  const still: Store = { ...store, schedules: counted('schedules'), runs: counted('runs') }
  const jobs = [defineJob({ name: 'mail', run: () => undefined })]
  const scheduler = createScheduler({ store: still, clock, random: () => 0.5, jobs, logger: false })
  await clock.until(scheduler.start())
  // What a start leaves to be done: a look, and history pruned for the first time.
  await clock.advance(10 * MINUTE_MS)
  calls.length = 0
  await clock.advance(180 * MINUTE_MS)
  expect(calls.filter((name) => name === 'renew')).toHaveLength(360)
  expect(calls.filter((name) => name !== 'renew')).toEqual(['prune'])
  await clock.until(scheduler.stop())
})
