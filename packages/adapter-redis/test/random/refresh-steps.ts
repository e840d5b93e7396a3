/** Deeds that concern refreshes of windows, as calls. */
import type { WindowCommit } from '@quarterjack/core/store'
import type { DeedNamed } from './deed.ts'
import { type Step, stepOf } from './step.ts'
import { recordOf, windowAt, windowsOf } from './window-grid.ts'
import { toMark } from './window-steps.ts'
import { pickOf, takeOf, type World } from './world.ts'

export async function claimWindows(world: World, deed: DeedNamed<'claimWindows'>): Promise<Step | null> {
  const { place, rollup, windows, when, dueIn, isOutdated, isStale } = deed
  const run = pickOf(world.claimed, place)
  const record = await recordOf(world, rollup)
  if (run === undefined || record === null) return null
  const refresher = {
    rollup,
    generation: isOutdated ? record.generation - 1 : record.generation,
    runId: run.id,
    fence: isStale ? run.fence - 1 : run.fence,
  }
  const bids = windows.map((number) => ({ ...windowAt(record, number), dueAt: world.now + dueIn, when }))
  return stepOf(
    'windows.claim',
    { claims: [{ ...refresher, windows: bids }], now: world.now },
    (store, asked) => windowsOf(store).claim(asked),
    ({ replies: [reply] }) => {
      if (reply !== undefined && reply.windows.length > 0) world.windowClaims.push({ ...refresher, windows: reply.windows })
    },
  )
}

export function commit(world: World, { place, most, suspect, marks, pace, again }: DeedNamed<'commit'>): Step | null {
  const former = again === null ? undefined : pickOf(world.commits, again)
  const claimed = former === undefined ? takeOf(world.windowClaims, place) : undefined
  if (claimed === undefined && former === undefined) return null
  const one = former ?? {
    ...(claimed as NonNullable<typeof claimed>),
    windows: (claimed?.windows ?? [])
      .slice(0, most)
      .map(({ start, seq }) => ({ start, seq, ...(suspect ? { suspect: 'nothing is left of it' } : {}) })),
    marks: marks.map(toMark),
    ...(pace === null ? {} : { pace }),
  }
  return stepOf(
    'windows.commit',
    { commits: [one satisfies WindowCommit], now: world.now },
    (store, asked) => windowsOf(store).commit(asked),
    () => {
      if (former === undefined) world.commits.push(one)
    },
  )
}

export function fail(world: World, { place, most, retryDelayMs, pace }: DeedNamed<'fail'>): Step | null {
  const claimed = takeOf(world.windowClaims, place)
  if (claimed === undefined) return null
  const windows = claimed.windows.slice(0, most).map(({ start }) => ({ start, error: { name: 'Error', message: 'ä "x"' }, retryDelayMs }))
  const failure = { ...claimed, windows, ...(pace === null ? {} : { pace }) }
  return stepOf('windows.fail', { failures: [failure], now: world.now }, (store, asked) => windowsOf(store).fail(asked))
}
