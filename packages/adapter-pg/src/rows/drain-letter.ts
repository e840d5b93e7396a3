/** Drains as `windows_drain` reads them, in columns, and its answer. */
import type { Drain, DrainReply } from '@quarterjack/core/store'

export interface DrainLetter {
  readonly sources: readonly string[]
  readonly tokens: readonly string[]
  /** Names, known by their number from 1 in the columns. */
  readonly rollups: readonly string[]
  readonly groupDrains: readonly number[]
  readonly groupMarkedAts: readonly number[]
  readonly groupRemovals: readonly boolean[]
  readonly markGroups: readonly number[]
  readonly markIds: readonly number[]
  readonly windowGroups: readonly number[]
  readonly windowRollups: readonly number[]
  readonly windowStarts: readonly number[]
  readonly windowEnds: readonly number[]
  readonly parked: readonly object[]
  readonly narrowed: readonly object[]
  readonly sealed: readonly object[]
  readonly enqueue: readonly (readonly [drain: number, requests: Drain['enqueue']])[]
}

/** Whether it was drained, and what was left. */
export type DrainAnswer = readonly [isDrained: boolean, left: readonly number[] | null]

export function toDrainLetter(drains: readonly Drain[]): DrainLetter {
  const numbers = new Map<string, number>()
  const numberOf = (rollup: string): number => {
    const number = numbers.get(rollup) ?? numbers.size + 1
    numbers.set(rollup, number)
    return number
  }
  const groups = drains.flatMap((drain, index) => drain.groups.map((group) => ({ ...group, drain: index + 1 })))
  const marks = groups.flatMap((group, index) => group.marks.map((id) => ({ group: index + 1, id })))
  const windows = groups.flatMap((group, index) =>
    group.windows.map(({ rollup, start, end }) => ({ group: index + 1, rollup: numberOf(rollup), start, end })),
  )
  const eachWithDrain = (part: 'parked' | 'narrowed' | 'sealed'): readonly object[] =>
    drains.flatMap((drain, index) => drain[part].map((one) => ({ ...one, drain: index + 1 })))
  return {
    sources: drains.map(({ source }) => source),
    tokens: drains.map(({ token }) => token),
    rollups: [...numbers.keys()],
    groupDrains: groups.map(({ drain }) => drain),
    groupMarkedAts: groups.map(({ markedAt }) => markedAt),
    groupRemovals: groups.map(({ removed }) => removed),
    markGroups: marks.map(({ group }) => group),
    markIds: marks.map(({ id }) => id),
    windowGroups: windows.map(({ group }) => group),
    windowRollups: windows.map(({ rollup }) => rollup),
    windowStarts: windows.map(({ start }) => start),
    windowEnds: windows.map(({ end }) => end),
    parked: eachWithDrain('parked'),
    narrowed: eachWithDrain('narrowed'),
    sealed: eachWithDrain('sealed'),
    enqueue: drains.flatMap(({ enqueue }, index) => (enqueue.length === 0 ? [] : [[index + 1, enqueue] as const])),
  }
}

export function readDrainReply([isDrained, left]: DrainAnswer): DrainReply {
  return { status: isDrained ? 'drained' : 'stale', left: left ?? [] }
}
