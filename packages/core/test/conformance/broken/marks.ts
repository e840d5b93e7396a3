/** Stores with a defect in definitions, marks or drains. */
import type { Store } from '../../../src/store/store.ts'
import type { Drain, WindowStore } from '../../../src/store/windows.ts'
import { windowsOf, withVerbs, type BrokenStore } from './with-verbs.ts'

/** Replaces verbs of the windows part. */
function withWindows(replace: (windows: WindowStore) => Partial<WindowStore>): (store: Store) => Store {
  return (store) => withVerbs(store, { windows: replace(windowsOf(store)) })
}

/** Each drain is another one before it is carried out. */
function withDrains(change: (drain: Drain, windows: WindowStore) => Drain | Promise<Drain>): (store: Store) => Store {
  return withWindows((windows) => ({
    async drain(request) {
      const drains = await Promise.all(request.drains.map((one) => change(one, windows)))
      return windows.drain({ ...request, drains })
    },
  }))
}

export const BROKEN_MARKS: readonly BrokenStore[] = [
  {
    defect: 'a new definition makes a new rollup',
    fails: 'rollups: a new definition keeps windows, watermark and start while the edges stay',
    wrap: withWindows((windows) => ({
      async define(request) {
        for (const { rollup, expectedGeneration } of request.rollups)
          if (expectedGeneration > 0) await windows.forget({ rollups: [rollup] })
        return windows.define({ ...request, rollups: request.rollups.map((one) => ({ ...one, expectedGeneration: 0 })) })
      },
    })),
  },
  {
    defect: 'marks of a source that nobody reads are dropped',
    fails: 'marks: marks of a source that nobody reads are kept, and left out',
    wrap: withWindows((windows) => {
      const read = new Set<string>()
      return {
        define(request) {
          for (const { sources } of request.rollups) for (const source of sources) read.add(source)
          return windows.define(request)
        },
        mark: (request) => windows.mark({ ...request, marks: request.marks.filter(({ source }) => read.has(source)) }),
      }
    }),
  },
  {
    defect: 'equal marks are merged',
    fails: 'marks: equal marks are not merged',
    wrap: withWindows((windows) => ({
      mark: (request) => windows.mark({ ...request, marks: [...new Map(request.marks.map((one) => [JSON.stringify(one), one])).values()] }),
    })),
  },
  {
    defect: 'the source that comes first by name is always collected first',
    fails: 'marks: sources take turns: a busy one does not keep the others from being drained',
    wrap: withWindows((windows) => ({
      async collect(request) {
        const reply = await windows.collect({ ...request, limit: 1_000 })
        let left = request.limit
        const sources = reply.sources
          .toSorted((a, b) => (a.source < b.source ? -1 : 1))
          .map((one) => {
            const marks = one.marks.slice(0, left)
            left -= marks.length
            return { ...one, marks, more: marks.length < one.marks.length }
          })
        return { ...reply, sources: sources.filter(({ marks }) => marks.length > 0) }
      },
    })),
  },
  {
    defect: 'a stale token is ignored',
    fails: 'drains: a drain of what was collected before another drain is stale, and writes nothing',
    wrap: withDrains(async (drain, windows) => {
      const { sources } = await windows.collect({ sources: [drain.source], limit: 1 })
      return { ...drain, token: sources[0]?.token ?? drain.token }
    }),
  },
  {
    defect: 'a stale drain makes its runs all the same',
    fails: 'drains: a drain of what was collected before another drain is stale, and writes nothing',
    wrap: (store) =>
      withVerbs(store, {
        windows: {
          async drain({ drains, now }) {
            await store.runs.enqueue({ requests: drains.flatMap(({ enqueue }) => enqueue), now })
            return windowsOf(store).drain({ drains, now })
          },
        },
      }),
  },
  {
    defect: 'the runs of a drain are forgotten',
    fails: 'drains: the runs of a drain are made with it',
    wrap: withDrains((drain) => ({ ...drain, enqueue: [] })),
  },
  {
    defect: 'a drain takes marks along that it does not name',
    fails: 'drains: marks that arrive after the collect stay for the next drain',
    wrap: withDrains(async (drain, windows) => {
      const { sources } = await windows.collect({ sources: [drain.source], limit: 1_000 })
      const marks = sources[0]?.marks.map(({ id }) => id) ?? []
      return { ...drain, groups: [...drain.groups, { marks, markedAt: 0, removed: false, windows: [] }] }
    }),
  },
  {
    defect: 'seq is raised once for all groups of a drain',
    fails: 'drains: seq is raised for each group, and a window stays dirty since its oldest change',
    wrap: withDrains((drain) => {
      const seen = new Set<string>()
      const isNew = (window: object): boolean => seen.size < seen.add(JSON.stringify(window)).size
      return { ...drain, groups: drain.groups.map((group) => ({ ...group, windows: group.windows.filter(isNew) })) }
    }),
  },
  {
    defect: 'a window is dirty since its marks were drained',
    fails: 'drains: drained marks are gone, and their windows dirty',
    wrap: withWindows((windows) => ({
      drain: ({ drains, now }) =>
        windows.drain({
          drains: drains.map((drain) => ({ ...drain, groups: drain.groups.map((group) => ({ ...group, markedAt: now ?? 0 })) })),
          now,
        }),
    })),
  },
  {
    defect: 'what marks say of removed rows is ignored',
    fails: 'drains: drained marks are gone, and their windows dirty',
    wrap: withDrains((drain) => ({ ...drain, groups: drain.groups.map((group) => ({ ...group, removed: false })) })),
  },
  {
    defect: 'a window ends with the instant that the next one starts at',
    fails: 'drains: one mark dirties windows of all rollups, and as many as it touches',
    wrap: withDrains((drain) => ({
      ...drain,
      groups: drain.groups.map((group) => ({
        ...group,
        windows: group.windows.flatMap((one) => [one, { ...one, start: one.end, end: 2 * one.end - one.start }]),
      })),
    })),
  },
  {
    defect: 'parked marks are dropped',
    fails: 'drains: a parked mark is hidden until its instant',
    wrap: withDrains((drain) => ({
      ...drain,
      parked: [],
      groups: [...drain.groups, { marks: drain.parked.map(({ id }) => id), markedAt: 0, removed: false, windows: [] }],
    })),
  },
  {
    defect: 'a parked mark comes up a millisecond too early',
    fails: 'drains: a parked mark is hidden until its instant',
    wrap: withDrains((drain) => ({ ...drain, parked: drain.parked.map(({ id, until }) => ({ id, until: until - 1 })) })),
  },
  {
    defect: 'a narrowed mark is digested whole',
    fails: 'drains: a narrowed mark keeps its id and its age, and what was cut off is dirty',
    wrap: withDrains((drain) => ({
      ...drain,
      narrowed: [],
      groups: [...drain.groups, { marks: drain.narrowed.map(({ id }) => id), markedAt: 0, removed: false, windows: [] }],
    })),
  },
  {
    defect: 'nobody is told when parked marks come up',
    fails: 'drains: nextMarkAt tells of the earliest parked mark of the sources that were asked for',
    wrap: withWindows((windows) => ({ collect: async (request) => ({ ...(await windows.collect(request)), nextMarkAt: null }) })),
  },
  {
    defect: 'late data of sealed windows is not counted',
    fails: 'drains: late data of sealed windows is counted',
    wrap: withDrains((drain) => ({ ...drain, sealed: [] })),
  },
]
