/** Deeds that change nothing, as calls; and all looks together, for the end. */
import { jobGate, mutexGate } from '@quarterjack/core/store'
import type { DeedNamed } from './deed.ts'
import { findBackfills } from './backfill-steps.ts'
import { ownerOf } from './run-steps.ts'
import { type Step, stepOf } from './step.ts'
import { collect, listWindows, state } from './window-steps.ts'
import { JOBS, OTHER_NAME, OWNERS, pickOf, ROLLUPS, SCHEDULES, type World } from './world.ts'

const ALL_JOBS = [...JOBS, OTHER_NAME] as const

export function due(world: World, { owner, limit, aheadMs }: DeedNamed<'due'>): Step {
  const request = { owner: ownerOf(world, owner), limit, ...(aheadMs === null ? {} : { aheadMs }), now: world.now }
  return stepOf('schedules.due', request, (store, asked) => store.schedules.due(asked))
}

export function held(world: World, { owner }: DeedNamed<'held'>): Step {
  return stepOf('runs.held', { owner: ownerOf(world, owner) }, (store, asked) => store.runs.held(asked))
}

export function find(world: World, deed: DeedNamed<'find'>): Step {
  const { job, key, state, schedule, after, createdAgo, limit } = deed
  const last = after === null ? undefined : pickOf(world.runIds, after)
  const query = {
    ...(job === null ? {} : { job }),
    ...(key === null ? {} : { key }),
    ...(state === null ? {} : { states: [state] }),
    ...(schedule === null ? {} : { schedule }),
    ...(last === undefined ? {} : { after: last }),
    ...(createdAgo === null ? {} : { createdBefore: world.now - createdAgo.before, createdAfter: world.now - createdAgo.after }),
    limit,
  }
  return stepOf('runs.find', query, (store, asked) => store.runs.find(asked))
}

export function list(_: World, { job, after, limit }: DeedNamed<'list'>): Step {
  const query = { ...(job === null ? {} : { job }), ...(after === null ? {} : { after }), limit }
  return stepOf('schedules.list', query, (store, asked) => store.schedules.list(asked))
}

export function ledger(world: World, { job, name, limit, ago }: DeedNamed<'ledger'>): Step {
  const after = ago === null ? null : world.now - ago
  return stepOf('schedules.ledger', { job, name, after, limit }, (store, asked) => store.schedules.ledger(asked))
}

export function look(world: World, { at }: DeedNamed<'look'>): Step {
  switch (at) {
    case 'stats':
      return stepOf('runs.stats', { jobs: ALL_JOBS, now: world.now }, (store, asked) => store.runs.stats(asked))
    case 'gates':
      return stepOf('runs.gates', {}, (store, asked) => store.runs.gates(asked))
    case 'load':
      return stepOf('schedules.load', { jobs: ALL_JOBS }, (store, asked) => store.schedules.load(asked))
    case 'list':
      return stepOf('schedules.list', { limit: 1_000 }, (store, asked) => store.schedules.list(asked))
  }
}

/** Everything that can be seen of windows; the last look is a collection. */
function everythingOfWindows(world: World): readonly Step[] {
  return [
    state(world, { do: 'state', rollups: [...ROLLUPS], limit: 100, after: null }),
    ...ROLLUPS.map((rollup) => listWindows(world, { do: 'listWindows', rollup, from: 0, length: 100, backfill: null, limit: 1_000 })),
    findBackfills(world, { do: 'findBackfills', rollup: null, unfinished: false, limit: 1_000 }),
    collect(world, { do: 'collect', sources: null, limit: 1_000 }),
  ]
}

/** Everything that can be seen. */
export function everything(world: World): readonly Step[] {
  return [
    ...(['stats', 'gates', 'load', 'list'] as const).map((at) => look(world, { do: 'look', at })),
    stepOf('runs.find', { limit: 1_000 }, (store, asked) => store.runs.find(asked)),
    stepOf('runs.get', { ids: [...world.runIds, 'nobody'] }, (store, asked) => store.runs.get(asked)),
    stepOf('runs.gates', { names: [...JOBS.map(jobGate), mutexGate('x'), 'other'] }, (store, asked) => store.runs.gates(asked)),
    ...OWNERS.flatMap((owner) => [held(world, { do: 'held', owner }), due(world, { do: 'due', owner, limit: 100, aheadMs: 1_000 })]),
    ...ALL_JOBS.flatMap((job) => SCHEDULES.map((name) => ledger(world, { do: 'ledger', job, name, limit: 100, ago: null }))),
    ...everythingOfWindows(world),
  ]
}
