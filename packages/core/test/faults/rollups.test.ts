/**
 * Rollups under everything that happens to processes: replicas are killed, frozen, cut off and redeployed while rows change, late and
 * out of order. When the dust settles, each window equals a recomputation. A failing history is replayed with QJ_SEED=n.
 */
import { describe, expect, it, vi } from 'vitest'
import type { RefreshContext, RefreshRequest, Rollup, RollupOptions } from '../../src/rollup/rollup.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { seededRandom } from '../../src/random/random.ts'
import type { MarkKind } from '../../src/store/window-records.ts'
import type { Duration } from '../../src/time/duration.ts'
import { LOST_REPLY, REFUSED, SWALLOWED, type Fault } from './line.ts'
import { createSite, type Site, type SiteProcess } from './site.ts'

vi.setConfig({ testTimeout: 600_000 })

const FULL = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'
const HISTORIES = FULL ? 400 : 8
const STEPS = 30
const MINUTE = 60_000
const START_AT = Date.UTC(2026, 0, 1)
const FIRST_AT = START_AT - 6 * 60 * MINUTE

interface Row {
  at: number
  value: number
}

/** Rows under windows of a rollup, each written by the newest fence alone. */
interface Target {
  readonly sums: Map<number, number>
  readonly fences: Map<number, number>
}

const createTarget = (): Target => ({ sums: new Map(), fences: new Map() })

/** A late writer is refused: the number that its claim got is older. */
function write({ sums, fences }: Target, fence: number, figures: readonly (readonly [start: number, sum: number | null])[]): void {
  for (const [start, figure] of figures) {
    if (fence < (fences.get(start) ?? 0)) continue
    fences.set(start, fence)
    if (figure === null) sums.delete(start)
    else sums.set(start, figure)
  }
}

function sumOf(entries: Iterable<readonly [at: number, value: number]>, from: Date, to: Date): number | null {
  let sum: number | null = null
  for (const [at, value] of entries) if (at >= from.getTime() && at < to.getTime()) sum = (sum ?? 0) + value
  return sum
}

class History {
  readonly random: () => number
  readonly site: Site
  readonly rows = new Map<number, Row>()
  readonly quarters = createTarget()
  readonly hours = createTarget()
  readonly client: SiteProcess
  readonly options: Pick<RollupOptions, 'grace' | 'live' | 'lookback' | 'batch'>
  readonly wait: Duration
  replicas: SiteProcess[] = []
  isCalm = false
  version = 0
  owed = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.site = createSite(new Date(START_AT).toISOString())
    this.options = {
      grace: this.pick(['0s', '1m', '20m'] as const),
      live: this.random() < 0.4,
      lookback: this.pick([0, 0, 2]),
      batch: { start: this.pick([1, 4, 24]), most: 24 },
    }
    this.wait = this.pick(['0s', '2s', '30s'] as const)
    this.client = this.site.process({ jobs: this.rollups(() => this.client) })
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)] as T
  }

  rollups(process: () => SiteProcess): readonly Rollup[] {
    const refresh =
      (target: Target, source: () => Iterable<readonly [number, number]>) =>
      async ({ windows }: RefreshRequest, { fence, signal }: RefreshContext): Promise<void> => {
        const figures = windows.map(({ start, end }) => [start.getTime(), sumOf(source(), start, end)] as const)
        if (!this.isCalm) {
          if (this.random() < 0.1) throw new Error('the target is down')
          // Rows come while others of their window have been read already.
          const beside = this.pick(windows)
          if (target === this.quarters && beside !== undefined && this.random() < 0.3) this.insert(beside.start.getTime() + MINUTE)
          // Some ignore that they were told to end, and write late.
          if (this.random() < 0.3) await process().sleep(this.random() * 8_000, this.random() < 0.5 ? signal : undefined)
        }
        write(target, fence, figures)
      }
    const rows = (): Iterable<readonly [number, number]> => [...this.rows.values()].map(({ at, value }) => [at, value] as const)
    const start = new Date(FIRST_AT)
    // Another version gathers marks longer: its definition is another one.
    const shared = {
      ...this.options,
      debounce: { wait: this.wait, maxWait: MINUTE + this.version },
      start,
      timeZone: 'UTC',
    } as const
    const quarters = defineRollup({ name: 'quarters', grain: '15m', ...shared, refresh: refresh(this.quarters, rows) })
    const hours = defineRollup({
      name: 'hours',
      grain: 'hour',
      after: [quarters],
      ...shared,
      refresh: refresh(this.hours, () => this.quarters.sums),
    })
    return [quarters, hours]
  }

  async deploy(): Promise<void> {
    const replica: SiteProcess = this.site.process({ jobs: this.rollups(() => replica), lease: '3s', storeTimeout: '1s' })
    this.replicas.push(replica)
    // A start that meets faults may fail: it is a process that died early.
    await replica.start().catch(() => replica.kill())
  }

  /** Rows change, and then they are marked: at least once. */
  change(): void {
    const now = this.site.clock.now()
    const marked: [number, MarkKind][] = []
    for (let count = 1 + Math.floor(this.random() * 4); count > 0; count--) {
      const at = Math.max(FIRST_AT, Math.floor(now - this.random() ** 3 * 8 * 60 * MINUTE + (this.random() < 0.1 ? 40 * MINUTE : 0)))
      const id = this.pick([...this.rows.keys()])
      const action = this.random()
      const row = id === undefined ? undefined : this.rows.get(id)
      if (row === undefined || action < 0.5) {
        this.insert(at)
      } else if (action < 0.8) {
        marked.push([row.at, 'changed'], [at, 'changed'])
        row.at = at
      } else {
        this.rows.delete(id as number)
        marked.push([row.at, 'removed'])
      }
    }
    for (const [at, kind] of marked) void this.mark(at, kind)
  }

  insert(at: number): void {
    this.rows.set(this.rows.size + Math.floor(this.random() * 1e9), { at, value: Math.ceil(this.random() * 100) })
    void this.mark(at, 'added')
  }

  async mark(at: number, kind: MarkKind): Promise<void> {
    this.owed++
    while (
      !(await this.client.scheduler.mark('quarters', at, { kind }).then(
        () => true,
        () => false,
      ))
    )
      await this.client.sleep(1_000)
    this.owed--
  }

  fault(): (verb: string) => Fault | null {
    const share = this.pick([0, 0.05, 0.3, 1])
    const kinds = [LOST_REPLY, REFUSED, SWALLOWED, { lands: true, answer: 'reply', outMs: 400, backMs: 3_000 }] as const
    return () => (this.random() < share ? this.pick<Fault>(kinds) : null)
  }

  async step(): Promise<void> {
    const dice = this.random()
    const replica = this.pick(this.replicas)
    if (dice < 0.5) this.change()
    else if (dice < 0.6 && replica !== undefined) {
      replica.kill()
      this.replicas = this.replicas.filter((one) => one !== replica)
      await this.deploy()
    } else if (dice < 0.7) replica?.freeze()
    else if (dice < 0.8) replica?.thaw()
    else if (dice < 0.9) replica?.line.judge(this.random() < 0.5 ? null : this.fault())
    else if (dice < 0.93) {
      this.version++
      await this.deploy()
    } else if (dice < 0.97) {
      void this.client.scheduler.backfill('quarters', { last: this.pick(['1h', '6h'] as const), concurrency: 2 }).catch(() => undefined)
    } else this.client.line.judge(this.random() < 0.5 ? null : this.fault())
    await this.site.clock.advance(Math.floor(this.random() * this.pick([500, 10_000, 10 * MINUTE])))
  }

  async settle(): Promise<void> {
    this.isCalm = true
    this.client.line.judge(null)
    for (const replica of this.replicas) {
      replica.line.judge(null)
      replica.thaw()
    }
    await this.deploy()
    await this.site.clock.advance(90 * MINUTE)
    for (let hour = 0; this.owed > 0 && hour < 3; hour++) await this.site.clock.advance(60 * MINUTE)
    // Windows become due at 0, 1 or 5 minutes past a quarter: whoever looks then sees them being refreshed.
    const quarter = 15 * MINUTE
    await this.site.clock.advance((12 * MINUTE - (this.site.clock.now() % quarter) + quarter) % quarter)
  }

  /** What a target holds beside what it should, of windows that have ended and are due. */
  drift(target: Target, grainMs: number): readonly string[] {
    const graceMs = { '0s': 0, '1m': MINUTE, '20m': 20 * MINUTE }[this.options.grace as '0s']
    const through = Math.floor((this.site.clock.now() - graceMs - 1) / grainMs) * grainMs
    const found: string[] = []
    for (let start = FIRST_AT; start < through; start += grainMs) {
      const truth = sumOf(
        [...this.rows.values()].map(({ at, value }) => [at, value] as const),
        new Date(start),
        new Date(start + grainMs),
      )
      const held = target.sums.get(start) ?? null
      if (truth !== held) found.push(`${new Date(start).toISOString()}: ${held} instead of ${truth}`)
    }
    return found
  }
}

async function play(seed: number): Promise<void> {
  const history = new History(seed)
  await history.deploy()
  await history.deploy()
  for (let step = 0; step < STEPS; step++) await history.step()
  await history.settle()
  const what = `seed ${seed} (QJ_SEED=${seed} replays it)`
  expect(history.owed, what).toBe(0)
  expect(history.drift(history.quarters, 15 * MINUTE), what).toEqual([])
  expect(history.drift(history.hours, 60 * MINUTE), what).toEqual([])
  const { rollups } = await history.site.clock.until(history.client.scheduler.health())
  expect(
    rollups.map(({ rollup, failed, lagMs }) => ({ rollup, failed, lagMs })),
    what,
  ).toEqual([
    { rollup: 'quarters', failed: 0, lagMs: 0 },
    { rollup: 'hours', failed: 0, lagMs: 0 },
  ])
  const open = await history.site.clock.until(history.client.scheduler.rollups.backfills({ unfinished: true }))
  expect(open, what).toEqual([])
  await history.site[Symbol.asyncDispose]()
}

describe('rollups, whatever happens to processes', () => {
  const given = process.env.QJ_SEED
  it(`${given === undefined ? HISTORIES : 1} histories end as a recomputation would`, async () => {
    const seeds = given === undefined ? Array.from({ length: HISTORIES }, (_, index) => index + 1) : [Number(given)]
    for (const seed of seeds) await play(seed)
    expect(seeds.length).toBeGreaterThan(0)
  })
})
