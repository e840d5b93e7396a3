/** A memory store and the model of its windows, side by side: each deed is done to both, and what the store answers is checked. */
import assert from 'node:assert/strict'
import { rollupStates, listWindows } from '../../src/memory/window-queries.ts'
import { getBackfills } from '../../src/memory/backfills.ts'
import { define } from '../../src/memory/rollups.ts'
import { createState, type MemoryState } from '../../src/memory/state.ts'
import { seededRandom, type Random } from '../../src/random/random.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import type { MarkedSource } from '../../src/store/windows.ts'
import { dirtySince, HOURS, isExceptional, newRollup, STEP, type ModelMark, type ModelRollup, type ModelWorker } from './window-model.ts'

/** What was collected, and how often the source had changed hands by then. */
export interface Collected {
  readonly marked: MarkedSource
  readonly version: number
}

export interface WindowWorld {
  readonly state: MemoryState
  readonly random: Random
  readonly rollups: readonly ModelRollup[]
  /** Writes to each hour of each source. */
  readonly written: Map<string, number[]>
  readonly versions: Map<string, number>
  now: number
  ids: number
  marks: ModelMark[]
  workers: ModelWorker[]
  collected: Collected[]
  /** How many were accepted. */
  commits: number
}

export function createWindowWorld(seed: number): WindowWorld {
  const rollups = [newRollup('a', ['calls']), newRollup('b', ['calls', 'spans']), newRollup('parent', ['rollup:a'])]
  const sources = ['calls', 'spans', 'rollup:a']
  const world: WindowWorld = {
    state: createState(fakeClock()),
    random: seededRandom(seed),
    rollups,
    written: new Map(sources.map((source) => [source, Array.from({ length: HOURS }, () => 0)])),
    versions: new Map(sources.map((source) => [source, 0])),
    now: 3 * STEP,
    ids: 0,
    marks: [],
    workers: [],
    collected: [],
    commits: 0,
  }
  for (const rollup of rollups) defineAs(world, rollup, 0)
  return world
}

/** Defines a rollup as something new; with other edges, all its windows are other ones. */
export function defineAs(world: WindowWorld, rollup: ModelRollup, edges: number): void {
  const { replies } = define(world.state, {
    rollups: [
      {
        rollup: rollup.name,
        hash: `h${++world.ids}`,
        expectedGeneration: rollup.generation,
        sources: rollup.sources,
        edges: String(edges),
        policy: '',
        startAt: 0,
      },
    ],
    now: world.now,
  })
  assert.equal(replies[0]?.status, 'defined')
  rollup.generation = replies[0].generation
  for (const source of rollup.sources) world.versions.set(source, (world.versions.get(source) ?? 0) + 1)
  if (edges === rollup.edges) return
  rollup.edges = edges
  rollup.watermark = 0
  for (const backfill of rollup.backfills) if (backfill.state === 'running' || backfill.state === 'paused') backfill.state = 'cancelled'
  const seen = rollup.windows.map((_, hour) => writtenTo(world, rollup, hour))
  rollup.windows = newRollup('', []).windows.map((window, hour) => ({ ...window, seen: seen[hour] ?? 0 }))
}

export function writtenTo(world: WindowWorld, { sources }: ModelRollup, hour: number): number {
  return sources.reduce((sum, source) => sum + (world.written.get(source)?.[hour] ?? 0), 0)
}

/** Whoever's lease has ended is dead from the next look at the owners on. */
export function buryExpired(world: WindowWorld): void {
  for (const worker of world.workers) if (worker.expiresAt <= world.now) endModelWorker(world, worker)
}

/** Its windows are free. */
export function endModelWorker(world: WindowWorld, worker: ModelWorker): void {
  worker.alive = false
  for (const { windows } of world.rollups) for (const window of windows) if (window.hold?.worker === worker) window.hold = null
}

export function pick<T>({ random }: { readonly random: Random }, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T
}

/** As `deepEqual`, and faster where nothing differs. */
function assertSame(actual: unknown, expected: unknown, message: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) assert.deepEqual(actual, expected, message)
}

/** The store says what the model says; and no write is forgotten. */
export function compare(world: WindowWorld): void {
  const { state, now } = world
  const { states } = rollupStates(state, { rollups: world.rollups.map(({ name }) => ({ rollup: name, limit: 100 })), now })
  for (const [index, rollup] of world.rollups.entries()) {
    const shown = states[index]
    assert.ok(shown !== null && shown !== undefined)
    assert.equal(shown.record.watermark, rollup.watermark * STEP, `${rollup.name}: watermark`)
    const records = recordsOf(world, rollup)
    assertSame(records, recordsOfModel(rollup), `${rollup.name}: records`)
    assertSame(
      shown.dirty.map(({ start }) => start / STEP),
      readyHours(rollup, now),
      `${rollup.name}: to be refreshed`,
    )
    const open = world.marks.filter(({ source, until }) => rollup.sources.includes(source) && until <= now)
    assert.equal(shown.hasMarks, open.length > 0, `${rollup.name}: hasMarks`)
    const instants = [...open.map(({ markedAt }) => markedAt), ...rollup.windows.flatMap((window) => dirtySince(window) ?? [])]
    assert.equal(shown.oldestMarkAt, instants.length === 0 ? null : Math.min(...instants), `${rollup.name}: oldestMarkAt`)
    checkNothingLost(world, rollup, records)
    checkBackfills(world, rollup)
  }
}

interface Shown {
  readonly hour: number
  readonly dirtySince: number | null
  readonly removed: boolean
  readonly attempts: number
  readonly retryAt: number | null
  readonly isFailed: boolean
  readonly isSuspect: boolean
  readonly backfill: string | null
  readonly runId: string | null
}

function recordsOf({ state }: WindowWorld, { name }: ModelRollup): Shown[] {
  const { windows } = listWindows(state, { rollup: name, from: -8.64e15, to: 8.64e15, limit: 100 })
  return windows.map(({ start, dirtySince: since, removed, attempts, retryAt, error, suspect, backfill, runId }) => ({
    hour: start / STEP,
    dirtySince: since,
    removed,
    attempts,
    retryAt,
    isFailed: error !== null,
    isSuspect: suspect !== null,
    backfill,
    runId,
  }))
}

function recordsOfModel({ windows, watermark }: ModelRollup): Shown[] {
  return windows.flatMap((window, hour) =>
    isExceptional(window, hour, watermark)
      ? {
          hour,
          dirtySince: dirtySince(window),
          removed: window.unseen.some(({ removed }) => removed),
          attempts: window.attempts,
          retryAt: window.retryAt,
          isFailed: window.isFailed,
          isSuspect: window.isSuspect,
          backfill: window.backfill?.id ?? null,
          runId: window.hold?.worker.runId ?? null,
        }
      : [],
  )
}

function readyHours({ windows }: ModelRollup, now: number): number[] {
  return windows
    .map((window, hour) => ({ window, hour, since: dirtySince(window) ?? Number.POSITIVE_INFINITY }))
    .filter(({ window }) => window.unseen.length > 0 && window.hold === null && !window.isSuspect)
    .filter(({ window: { isFailed, retryAt } }) => !isFailed || (retryAt !== null && retryAt <= now))
    .sort((a, b) => a.since - b.since || a.hour - b.hour)
    .map(({ hour }) => hour)
}

/** What was written and not read yet is in the log, or its window is dirty. */
function checkNothingLost(world: WindowWorld, rollup: ModelRollup, records: readonly Shown[]): void {
  const dirty = new Set(records.flatMap(({ hour, dirtySince: since }) => (since === null ? [] : hour)))
  for (const [hour, { seen }] of rollup.windows.entries()) {
    if (writtenTo(world, rollup, hour) === seen || dirty.has(hour)) continue
    const isInLog = world.marks.some(({ source, from, to }) => rollup.sources.includes(source) && from <= hour && hour < to)
    assert.ok(isInLog, `${rollup.name}: a write to hour ${hour} is lost`)
  }
}

function checkBackfills({ state }: WindowWorld, { backfills }: ModelRollup): void {
  const shown = getBackfills(state, { ids: backfills.map(({ id }) => id) }).backfills
  const fields = shown.map(
    (one) => one && { id: one.id, state: one.state, cursor: one.cursor / STEP, stamped: one.stamped, done: one.done, failed: one.failed },
  )
  assertSame(
    fields,
    backfills.map(({ id, state: at, cursor, stamped, done, failed }) => ({ id, state: at, cursor, stamped, done, failed })),
    'backfills',
  )
}
