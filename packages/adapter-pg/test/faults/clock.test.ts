/** The wall clock of a node is hours off. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { judge } from '@quarterjack/fault-kit/judge'
import { isFull, MOST_MS } from '@quarterjack/fault-kit/tier'
import { expect, it, vi } from 'vitest'
import { startPostgres } from '../servers/postgres.ts'
import { createPgSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

const HOUR_MS = 3_600_000
const LASTS_MS = isFull ? 30_000 : 4_000
const skewed = (ms: number): readonly string[] => [`${new URL('./skewed-clock.ts', import.meta.url).href}?ms=${ms}`]

it('hours ahead and hours behind: nothing fires early, late, twice or never, no lease moves, and health names the clock', async () => {
  await using server = await startPostgres({ durable: true })
  await using site = await createPgSite(server, [
    { name: 'task' },
    { name: 'long', workMs: [3_000] },
    { name: 'tick', every: ['100ms', '500ms'], overlap: 'allow' },
  ])
  const [[right], [ahead], [behind]] = await Promise.all([
    site.start(['right']),
    site.start(['ahead'], { preload: skewed(5 * HOUR_MS) }),
    site.start(['behind'], { preload: skewed(-7 * HOUR_MS) }),
  ])
  const workers = [right!, ahead!, behind!]
  for (const worker of workers) await worker.ask({ what: 'load', job: 'task', each: 20 })
  // Longer than the lease: whose renewals are misjudged loses them.
  const long = await Promise.all(Array.from({ length: 9 }, () => site.trigger('long')))
  await sleep(LASTS_MS)

  const offsets = await Promise.all(workers.map(async (worker) => (await worker.ask({ what: 'health' })).store.clockOffsetMs ?? 0))
  expect(offsets.map((ms) => Math.round(ms / HOUR_MS))).toEqual([0, -5, 7])
  expect((await ahead!.ask({ what: 'health' })).why[0]).toMatch(/clock is 5 h ahead of the store's/)
  expect((await behind!.ask({ what: 'health' })).why[0]).toMatch(/clock is 7 h behind the store's/)
  const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
  expect(tallies.map(({ refused }) => refused)).toEqual([0, 0, 0])
  for (const worker of workers) {
    expect(worker.events('lease.lost')).toEqual([])
    expect(worker.events('owner.expired')).toEqual([])
  }

  const { slots, runs, effects } = await judge(site, { promised: [...long, ...tallies.flatMap(({ acknowledged }) => acknowledged)] })
  for (const { name } of workers) expect(effects.filter(({ worker }) => worker === name).length).toBeGreaterThan(10)
  const lateness = effects.filter(({ slot }) => slot !== null).map(({ startedAt, slot }) => startedAt - Number(slot))
  expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...lateness)).toBeLessThan(1_500)
  figure('clocks 5 h ahead and 7 h behind', {
    slots,
    runs: runs.length,
    'earliest start after its slot ms': Math.min(...lateness),
    'latest ms': Math.max(...lateness),
  })
})
