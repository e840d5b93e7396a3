/**
 * Random histories of a source with two rollups over it, by writers, drains, overlapping runs, crashes, zombies and backfills: when the dust
 * has settled, every window equals a recomputation from scratch. A history is its seed.
 */
import { describe, expect, it, vi } from 'vitest'
import { type Random, seededRandom } from '../../src/random/random.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { dueEdge } from '../../src/rollup/due.ts'
import { backfillRequestOf, planBackfill } from '../../src/rollup/plan-backfill.ts'
import { refreshBackfill } from '../../src/rollup/refresh-backfill.ts'
import { refreshWindows } from '../../src/rollup/refresh-windows.ts'
import type { RefreshContext, RefreshRequest, Rollup } from '../../src/rollup/rollup.ts'
import { backfillJob } from '../../src/rollup/rollup-run.ts'
import type { MarkKind } from '../../src/store/window-records.ts'
import { createWorkshop, DAY_MS, HOUR_MS, hour, MINUTE_MS, type Workshop } from './workshop.ts'

vi.setConfig({ testTimeout: 300_000 })

const FULL = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'
const HISTORIES = FULL ? 1_500 : 40
const STEPS = 120

interface Row {
  at: number
  value: number
}

/** Sums of a rollup, by the start of their window; only the highest fence writes. */
interface Target {
  readonly sums: Map<number, number>
  readonly fences: Map<number, number>
}

interface World {
  readonly shop: Workshop
  readonly random: Random
  readonly rows: Map<number, Row>
  /** Marks that are still to be written, after their data. */
  readonly owed: { at: number; kind: MarkKind }[]
  readonly hours: Target
  readonly days: Target
  readonly hourly: Rollup
  readonly daily: Rollup
  /** Refreshes that wait to go on. */
  readonly pauses: (() => void)[]
  readonly underWay: Set<Promise<unknown>>
  readonly held: Set<{ runId: string }>
  readonly generations: Map<string, number>
  isCalm: boolean
}

async function createWorld(seed: number): Promise<World> {
  const random = seededRandom(seed)
  const shop = await createWorkshop(hour(48) + Math.floor(random() * HOUR_MS))
  const targetOf = (): Target => ({ sums: new Map(), fences: new Map() })
  const world: Omit<World, 'hourly' | 'daily' | 'generations'> = {
    shop,
    random,
    rows: new Map(),
    owed: [],
    hours: targetOf(),
    days: targetOf(),
    pauses: [],
    underWay: new Set(),
    held: new Set(),
    isCalm: false,
  }
  const policy = {
    timeZone: random() < 0.5 ? 'Europe/Berlin' : 'America/New_York',
    start: hour(0),
    grace: '3m',
    allowedLateness: '90d',
    live: random() < 0.5,
    retry: { retries: 100, minTimeout: '1s', maxTimeout: '1m' },
    batch: { start: 1 + Math.floor(random() * 20) },
  } as const
  const hourly = defineRollup({
    ...policy,
    name: 'hourly',
    grain: 'hour',
    source: 'events',
    capture: random() < 0.5 ? 'complete' : 'partial',
    refresh: refreshWith(world, 'hours', (from, to) => sumOf(world.rows.values(), from, to)),
  })
  const daily = defineRollup({
    ...policy,
    name: 'daily',
    grain: 'day',
    after: [hourly],
    refresh: refreshWith(world, 'days', (from, to) =>
      sumOf(
        Array.from(world.hours.sums, ([at, value]) => ({ at, value })),
        from,
        to,
      ),
    ),
  })
  const generations = new Map([
    ['hourly', await shop.define(hourly)],
    ['daily', await shop.define(daily)],
  ])
  return Object.assign(world, { hourly, daily, generations })
}

const sumOf = (rows: Iterable<Row>, from: number, to: number): number => {
  let sum = 0
  for (const { at, value } of rows) if (at >= from && at < to) sum += value
  return sum
}

/** Reads, waits for a while in which anything may happen, and writes. */
function refreshWith(
  world: Omit<World, 'hourly' | 'daily' | 'generations'>,
  which: 'hours' | 'days',
  read: (from: number, to: number) => number,
) {
  return async ({ windows }: RefreshRequest, { fence }: RefreshContext): Promise<void> => {
    const found = windows.map(({ start, end }) => [start.getTime(), read(start.getTime(), end.getTime())] as const)
    if (!world.isCalm) await new Promise<void>((resolve) => world.pauses.push(resolve))
    if (!world.isCalm && world.random() < 0.15) throw new Error('by chance')
    const { sums, fences } = world[which]
    for (const [start, sum] of found) {
      if ((fences.get(start) ?? 0) > fence) continue
      fences.set(start, fence)
      if (sum === 0) sums.delete(start)
      else sums.set(start, sum)
    }
  }
}

const pick = <T>(random: Random, list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]

function write(world: World): void {
  const { rows, random, owed, shop } = world
  const instant = (): number => shop.clock.now() - Math.floor((random() ** 2 * 1.95 - 0.15) * DAY_MS)
  const id = pick(random, [...rows.keys()])
  const row = id === undefined ? undefined : rows.get(id)
  const owe = (at: number, kind: MarkKind): void => void owed.push({ at, kind })
  const kind = random()
  if (row === undefined || id === undefined || kind < 0.4) {
    const made = { at: Math.max(hour(0), instant()), value: 1 + Math.floor(random() * 9) }
    rows.set(rows.size + Math.floor(random() * 1e9), made)
    owe(made.at, 'added')
  } else if (kind < 0.6) {
    rows.delete(id)
    owe(row.at, 'removed')
  } else {
    owe(row.at, 'changed')
    if (kind < 0.8) row.at = Math.max(hour(0), instant())
    row.value++
    owe(row.at, 'changed')
  }
}

async function payMarks({ owed, shop }: World): Promise<void> {
  const marks = owed.splice(0).map(({ at, kind }) => ({ source: 'events', from: at, to: at + 1, kind }))
  if (marks.length > 0) await shop.windows.mark({ marks })
}

/** Begins a run of a rollup, or of its newest backfill, and leaves it to itself. */
async function startRun(world: World, rollup: Rollup, backfill: string | null): Promise<void> {
  const { shop, underWay, held, random, generations } = world
  const trigger = random() < 0.2 ? 'schedule' : 'debounce'
  const ctx = await shop.begin(backfill === null ? rollup.name : backfillJob(rollup.name), { trigger })
  const run = { rollup, generation: generations.get(rollup.name) ?? 0, ctx, deps: shop.deps, budgetMs: 10 * MINUTE_MS }
  const hold = { runId: ctx.runId }
  held.add(hold)
  const work = (backfill === null ? refreshWindows(run) : refreshBackfill({ ...run, backfill }))
    .catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== 'StaleLease') throw error
    })
    .finally(async () => {
      underWay.delete(work)
      if (held.delete(hold)) await shop.settle(hold)
    })
  underWay.add(work)
}

async function step(world: World): Promise<void> {
  const { random, shop, pauses, held } = world
  // Claims of one window are told apart by the clock.
  await shop.clock.advance(1)
  const rollup = random() < 0.6 ? world.hourly : world.daily
  const chance = random() * 100
  if (chance < 35) write(world)
  else if (chance < 45) await payMarks(world)
  else if (chance < 57) await shop.drain()
  else if (chance < 69) {
    if (world.underWay.size < 6) await startRun(world, rollup, null)
  } else if (chance < 87) pauses.splice(Math.floor(random() * pauses.length), 1)[0]?.()
  else if (chance < 92) {
    // Its owner is gone, and its windows are free; the handler does not know, and goes on.
    const hold = pick(random, [...held])
    if (hold !== undefined && held.delete(hold)) await shop.settle(hold)
  } else if (chance < 95) await backfill(world, rollup)
  else await shop.clock.advance(Math.floor(random() * 90 * MINUTE_MS))
  await shop.clock.settle()
}

async function backfill(world: World, rollup: Rollup): Promise<void> {
  const { shop, generations, random } = world
  const { backfills } = await shop.windows.backfills.find({ rollup: rollup.name, unfinished: true, limit: 1 })
  const known = backfills[0]
  if (known !== undefined) {
    if (world.underWay.size < 6) await startRun(world, rollup, known.id)
    return
  }
  const plan = planBackfill(rollup.policy, { last: '1d', order: random() < 0.5 ? 'newest' : 'oldest' }, shop.clock.now())
  const { nextId } = shop.deps
  await shop.windows.backfills.create({
    backfills: [backfillRequestOf(plan, { id: nextId(), generation: generations.get(rollup.name) ?? 0, nextId })],
  })
}

/** Nobody writes any more: whatever is under way ends, and runs go on until there is nothing to do. */
async function calm(world: World): Promise<void> {
  const { shop, pauses, underWay, hourly, daily } = world
  world.isCalm = true
  await payMarks(world)
  while (underWay.size > 0) {
    for (const resume of pauses.splice(0)) resume()
    await shop.clock.settle()
  }
  // Until the future that was written has passed, and what was put off is tried again.
  await shop.clock.advance('2d')
  for (let round = 0; ; round++) {
    if (round > 30) expect.fail('it does not come to rest')
    for (let more = true; more; ) more = (await shop.drain()).more
    const ends = [await shop.run(hourly), await shop.run(daily)]
    for (const rollup of [hourly, daily]) {
      const { backfills } = await shop.windows.backfills.find({ rollup: rollup.name, unfinished: true, limit: 1 })
      if (backfills[0] !== undefined) await shop.runBackfill(rollup, backfills[0].id)
    }
    const { sources } = await shop.windows.collect({ limit: 1 })
    const isQuiet = sources.length === 0 && ends.every(({ summary }) => summary.refreshed === 0 && summary.left === 0)
    if (isQuiet) return
    await shop.clock.advance('1m')
  }
}

async function judge(world: World): Promise<void> {
  const { shop, rows, hourly, daily } = world
  const now = shop.clock.now()
  for (const [rollup, target] of [
    [hourly, world.hours],
    [daily, world.days],
  ] as const) {
    const due = dueEdge(rollup.policy, now)
    const state = await shop.state(rollup)
    expect(state.record.watermark).toBe(due)
    expect({ ...state.counts, dirty: 0 }).toEqual({ dirty: 0, held: 0, failed: 0, suspect: 0 })
    expect((await shop.windows.backfills.find({ rollup: rollup.name, unfinished: true, limit: 1 })).backfills).toEqual([])
    for (const { start, end } of rollup.policy.windows.between(rollup.policy.planning.startAt, due)) {
      const expected = sumOf(rows.values(), start, end)
      const found = target.sums.get(start) ?? 0
      if (found !== expected) expect.fail(`${rollup.name} ${new Date(start).toISOString()}: ${found} instead of ${expected}`)
    }
  }
}

describe('random histories', () => {
  const given = process.env.QJ_SEED
  const seeds = given === undefined ? Array.from({ length: HISTORIES }, (_, index) => index + 1) : [Number(given)]

  it(`${seeds.length} of them end as a recomputation would`, async () => {
    let judged = 0
    for (const seed of seeds) {
      const world = await createWorld(seed)
      try {
        for (let count = 0; count < STEPS; count++) await step(world)
        await calm(world)
        await judge(world)
        judged++
      } catch (error) {
        throw new Error(`history ${seed}: QJ_SEED=${seed}`, { cause: error })
      }
    }
    expect(judged).toBe(seeds.length)
  })
})
