/** What operators do in a world of windows: backfills, and watermarks that pass. */
import assert from 'node:assert/strict'
import { controlBackfills, createBackfills, stampWindows } from '../../src/memory/backfills.ts'
import { pass } from '../../src/memory/window-pass.ts'
import { HOURS, STEP, isExceptional, newWindow, type ModelBackfill, type ModelRollup, type ModelWindow } from './window-model.ts'
import { pick, type WindowWorld } from './window-world.ts'

export function createBackfill(world: WindowWorld): void {
  const rollup = pick(world, world.rollups)
  const from = Math.floor(world.random() * HOURS)
  const to = Math.min(HOURS, from + 1 + Math.floor(world.random() * 4))
  const order = pick(world, ['newest', 'oldest'] as const)
  const id = `b${++world.ids}`
  const request = { rollup: rollup.name, generation: rollup.generation, from: from * STEP, to: to * STEP, select: 'all', order } as const
  const backfills = [{ ...request, id, concurrency: 1, windows: to - from, enqueue: [] }]
  const reply = createBackfills(world.state, { backfills, now: world.now }).replies[0]
  const overlapping = rollup.backfills.find((one) => isUnfinished(one) && one.from < to && from < one.to)
  assert.deepEqual(reply, overlapping === undefined ? { status: 'created', id } : { status: 'overlaps', id: overlapping.id })
  if (overlapping !== undefined) return
  rollup.backfills.push({ id, from, to, order, state: 'running', cursor: order === 'oldest' ? from : to, stamped: 0, done: 0, failed: 0 })
}

function isUnfinished({ state }: ModelBackfill): boolean {
  return state === 'running' || state === 'paused'
}

function anyBackfill(world: WindowWorld): readonly [ModelRollup, ModelBackfill] | null {
  const all = world.rollups.flatMap((rollup) => rollup.backfills.map((one) => [rollup, one] as const))
  const unfinished = all.filter(([, one]) => isUnfinished(one))
  if (all.length === 0) return null
  return pick(world, unfinished.length > 0 && world.random() < 0.9 ? unfinished : all)
}

export function stampSome(world: WindowWorld): void {
  const chosen = anyBackfill(world)
  if (chosen === null) return
  const [rollup, backfill] = chosen
  const isStale = world.random() < 0.1
  const expected = isStale ? backfill.cursor + 1 : backfill.cursor
  const size = 1 + Math.floor(world.random() * 3)
  const cursor =
    backfill.order === 'oldest' ? Math.min(backfill.to, backfill.cursor + size) : Math.max(backfill.from, backfill.cursor - size)
  const [low, high] = [Math.min(cursor, backfill.cursor), Math.max(cursor, backfill.cursor)]
  const hours = Array.from({ length: high - low }, (_, step) => low + step).filter(() => world.random() < 0.7)
  const windows = hours.map((hour) => ({ start: hour * STEP, end: (hour + 1) * STEP }))
  const stamps = [{ id: backfill.id, expected: expected * STEP, cursor: cursor * STEP, windows }]
  const reply = stampWindows(world.state, { stamps, now: world.now }).replies[0]
  assert.equal(reply, backfill.state !== 'running' ? 'ended' : isStale ? 'stale' : 'stamped')
  if (reply !== 'stamped') return
  backfill.cursor = cursor
  for (const hour of hours) {
    const window = rollup.windows[hour] as ModelWindow
    window.isSuspect = false
    if (window.retryAt === null) Object.assign(window, { attempts: 0, isFailed: false })
    window.backfill = backfill
    backfill.stamped++
  }
}

export function controlOne(world: WindowWorld): void {
  const chosen = anyBackfill(world)
  if (chosen === null) return
  const [rollup, backfill] = chosen
  const action = pick(world, ['pause', 'resume', 'resume', 'cancel'] as const)
  const after = ({ pause: 'paused', resume: 'running', cancel: 'cancelled' } as const)[action]
  const controls = [{ id: backfill.id, action, reason: null, enqueue: [] }]
  const isChange = isUnfinished(backfill) && backfill.state !== after
  assert.deepEqual(controlBackfills(world.state, { controls, now: world.now }).changed, [isChange])
  if (!isChange) return
  backfill.state = after
  if (after !== 'cancelled') return
  for (const window of rollup.windows) if (window.backfill === backfill) window.backfill = null
}

export function passSome(world: WindowWorld): void {
  const rollup = pick(world, world.rollups)
  const through = Math.min(HOURS, rollup.watermark + 1 + Math.floor(world.random() * 2))
  const expired = world.random() < 0.2
  const [expected, generation] = [rollup.watermark * STEP, rollup.generation]
  const passes = [{ rollup: rollup.name, generation, expected, through: through * STEP, expired }]
  const stretch = rollup.windows.slice(rollup.watermark, through)
  const inTheWay = stretch.some((window, index) => isExceptional(window, rollup.watermark + index, 0) && !window.isComplete)
  const isPassed = expired || !inTheWay
  assert.deepEqual(pass(world.state, { passes, now: world.now }).passed, [isPassed])
  if (!isPassed) return
  if (expired) for (let hour = 0; hour < through; hour++) expire(world, rollup, hour)
  rollup.watermark = through
}

/** What was written to it will not be read any more. */
function expire(world: WindowWorld, rollup: ModelRollup, hour: number): void {
  const window = rollup.windows[hour] as ModelWindow
  if (window.hold !== null) return
  if (window.backfill !== null) window.backfill.done++
  const seen = rollup.sources.reduce((sum, source) => sum + (world.written.get(source)?.[hour] ?? 0), 0)
  rollup.windows[hour] = { ...newWindow(), seen }
}
