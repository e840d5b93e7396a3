/** Deeds that concern backfills, as calls. */
import type { DeedNamed } from './deed.ts'
import { plainRequest } from './run-steps.ts'
import { type Step, stepOf } from './step.ts'
import { recordOf, windowAt, windowsIn, windowsOf } from './window-grid.ts'
import { pickOf, type World } from './world.ts'

export async function createBackfill(world: World, deed: DeedNamed<'createBackfill'>): Promise<Step | null> {
  const { rollup, from, length, order, runs, again, isOutdated } = deed
  const record = await recordOf(world, rollup)
  if (record === null) return null
  const id = (again === null ? undefined : pickOf(world.backfills, again)) ?? `backfill-${world.ids++}`
  const request = {
    id,
    rollup,
    generation: isOutdated ? record.generation - 1 : record.generation,
    from: windowAt(record, from).start,
    to: windowAt(record, from + length).start,
    select: 'all' as const,
    order,
    concurrency: 2,
    windows: length,
    enqueue: runs ? [plainRequest(world, 'report')] : [],
  }
  return stepOf(
    'backfills.create',
    { backfills: [request], now: world.now },
    (store, asked) => windowsOf(store).backfills.create(asked),
    ({ replies: [reply] }) => {
      if (reply?.status === 'created') world.backfills.push(id)
    },
  )
}

/** The next stretch, as it is, or another than the store has. */
export async function stamp(world: World, { place, windows, skips, isStale }: DeedNamed<'stamp'>): Promise<Step | null> {
  const id = pickOf(world.backfills, place)
  const found = id === undefined ? null : (await windowsOf(world.stores[0]).backfills.get({ ids: [id] })).backfills[0]
  const record = found == null ? null : await recordOf(world, found.rollup)
  if (found == null || record === null) return null
  const isUpward = found.order === 'oldest'
  const left = windowsIn(record, isUpward ? { from: found.cursor, to: found.to } : { from: found.from, to: found.cursor })
  const stretch = isUpward ? left.slice(0, windows) : left.toReversed().slice(0, windows)
  const edge = stretch.at(-1)
  const one = {
    id: found.id,
    expected: isStale ? found.cursor + 1 : found.cursor,
    cursor: edge === undefined ? found.cursor : isUpward ? edge.end : edge.start,
    windows: stretch.filter((_, index) => (index + skips) % 3 !== 0),
  }
  return stepOf('backfills.stamp', { stamps: [one], now: world.now }, (store, asked) => windowsOf(store).backfills.stamp(asked))
}

export function control(world: World, { place, action, runs }: DeedNamed<'control'>): Step {
  const id = pickOf(world.backfills, place) ?? 'nobody'
  const one = { id, action, reason: action === 'resume' ? null : 'because', enqueue: runs ? [plainRequest(world, 'sync')] : [] }
  return stepOf('backfills.control', { controls: [one], now: world.now }, (store, asked) => windowsOf(store).backfills.control(asked))
}

export function findBackfills(_: World, { rollup, unfinished, limit }: DeedNamed<'findBackfills'>): Step {
  const request = { ...(rollup === null ? {} : { rollup }), unfinished, limit }
  return stepOf('backfills.find', request, (store, asked) => windowsOf(store).backfills.find(asked))
}
