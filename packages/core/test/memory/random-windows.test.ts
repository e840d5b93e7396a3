/** Thousands of short histories of marks, drains, refreshes, crashes and backfills: the store says what a plain model says, and no write is lost. */
import assert from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { controlOne, createBackfill, passSome, stampSome } from './backfill-deeds.ts'
import {
  claimBids,
  claimSome,
  collectSome,
  commitSome,
  drainOne,
  endWorker,
  failSome,
  passTime,
  redefine,
  startWorker,
  write,
} from './window-deeds.ts'
import { checkWindows } from './check-windows.ts'
import { HOURS, settleRollup, STEP } from './window-model.ts'
import { compare, createWindowWorld, pick, writtenTo, type WindowWorld } from './window-world.ts'

const HISTORIES = { full: 20_000, soak: 100_000 }[process.env.QJ_TEST_TIER ?? ''] ?? 500
const STEPS = 40

/** The more often it stands here, the more often it happens. */
const DEEDS: readonly ((world: WindowWorld) => void)[] = [
  passTime,
  passTime,
  write,
  write,
  write,
  collectSome,
  collectSome,
  drainOne,
  drainOne,
  drainOne,
  startWorker,
  claimSome,
  claimSome,
  claimSome,
  claimSome,
  claimSome,
  commitSome,
  commitSome,
  commitSome,
  commitSome,
  failSome,
  endWorker,
  redefine,
  passSome,
  createBackfill,
  stampSome,
  stampSome,
  controlOne,
]

describe('random windows', () => {
  it(`keeps ${HISTORIES} histories in order, and loses no write`, () => {
    let committed = 0
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const world = createWindowWorld(seed)
      for (let step = 0; step < STEPS; step++) {
        const deed = pick(world, DEEDS)
        explained(`seed ${seed}, step ${step}, ${deed.name}`, () => {
          deed(world)
          world.rollups.forEach(settleRollup)
          if (step % 3 !== 0) return
          compare(world)
          checkWindows(world.state)
        })
      }
      explained(`seed ${seed}, at the end`, () => finishAll(world))
      committed += world.commits
    }
    expect(committed).toBeGreaterThan(HISTORIES)
  })
})

function explained(where: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** Everybody goes home, and one last worker does what is left: then every write was read. */
function finishAll(world: WindowWorld): void {
  world.now += 1_000_000
  for (let round = 0; round < 200 && world.marks.length > 0; round++) {
    collectSome(world)
    while (world.collected.length > 0) drainOne(world)
    world.now += 2_000
  }
  assert.equal(world.marks.length, 0, 'marks that are never drained')
  world.rollups.forEach(settleRollup)
  compare(world)
  const worker = startWorker(world)
  for (const rollup of world.rollups) {
    const bids = Array.from({ length: HOURS }, (_, hour) => ({
      start: hour * STEP,
      end: (hour + 1) * STEP,
      dueAt: 0,
      when: 'dirty' as const,
    }))
    claimBids(world, worker, { rollup, bids })
    const { windows } = rollup
    for (let hour = 0; hour < HOURS; hour++) {
      const window = windows[hour]
      if (window === undefined) continue
      const read = window.hold?.read ?? window.seen
      assert.equal(read, writtenTo(world, rollup, hour), `${rollup.name}: hour ${hour} is clean, and was never read again`)
    }
  }
}
