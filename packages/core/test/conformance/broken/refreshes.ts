/** Stores with a defect in claims, commits or failures of windows, or in what planning is told. */
import type { Store } from '../../../src/store/store.ts'
import type { WindowBid, WindowClaim, WindowCommit, WindowStore } from '../../../src/store/windows.ts'
import { windowsOf, withVerbs, type BrokenStore } from './with-verbs.ts'

/** Replaces verbs of the windows part. */
function withWindows(replace: (windows: WindowStore, store: Store) => Partial<WindowStore>): (store: Store) => Store {
  return (store) => withVerbs(store, { windows: replace(windowsOf(store), store) })
}

/** Each commit is another one before it is carried out. */
function withCommits(change: (commit: WindowCommit, store: Store) => WindowCommit | Promise<WindowCommit>): (store: Store) => Store {
  return withWindows((windows, store) => ({
    async commit(request) {
      const commits: WindowCommit[] = []
      for (const one of request.commits) commits.push(await change(one, store))
      return windows.commit({ ...request, commits })
    },
  }))
}

/** Each bid is another one before it is carried out. */
function withBids(change: (bid: WindowBid, claim: WindowClaim) => WindowBid): (store: Store) => Store {
  return withWindows((windows) => ({
    claim: (request) =>
      windows.claim({
        ...request,
        claims: request.claims.map((claim) => ({ ...claim, windows: claim.windows.map((bid) => change(bid, claim)) })),
      }),
  }))
}

async function generationOf(windows: WindowStore, rollup: string): Promise<number> {
  const { states } = await windows.state({ rollups: [{ rollup, limit: 1 }] })
  return states[0]?.record.generation ?? 0
}

const EVERYTHING = { from: -8.64e15, to: 8.64e15, limit: 1_000 }

export const BROKEN_REFRESHES: readonly BrokenStore[] = [
  {
    defect: 'a commit is accepted without a look at its fence',
    fails: 'window claims: an abandoned run commits nothing, not even when it is claimed anew',
    wrap: withCommits(async (commit, store) => {
      const { runs } = await store.runs.get({ ids: [commit.runId] })
      return { ...commit, fence: runs[0]?.fence ?? 0 }
    }),
  },
  {
    defect: 'a commit cleans what was drained since the claim',
    fails: 'drains: a mark that is drained while its window is refreshed leaves it dirty',
    wrap: withCommits(async (commit, store) => {
      const { windows } = await windowsOf(store).list({ rollup: commit.rollup, ...EVERYTHING })
      const seqs = new Map(windows.map(({ start, seq }) => [start, seq]))
      return { ...commit, windows: commit.windows.map((one) => ({ ...one, seq: seqs.get(one.start) ?? one.seq })) }
    }),
  },
  {
    defect: 'a commit is recorded for those windows that are held',
    fails: 'window commits: a commit with a window that is not held writes nothing',
    wrap: withCommits(async (commit, store) => {
      const { windows } = await windowsOf(store).list({ rollup: commit.rollup, ...EVERYTHING })
      const held = new Set(windows.filter(({ runId }) => runId === commit.runId).map(({ start }) => start))
      return { ...commit, windows: commit.windows.filter(({ start }) => held.has(start)) }
    }),
  },
  {
    defect: 'a repeated commit is refused',
    fails: 'window commits: the same commit twice is committed twice, and written once',
    wrap: withWindows((windows) => {
      const seen = new Set<string>()
      return {
        async commit(request) {
          const isAgain = request.commits.some((one) => seen.size === seen.add(JSON.stringify(one)).size)
          const { replies, storeNow } = await windows.commit(request)
          return { storeNow, replies: isAgain ? replies.map(() => ({ status: 'stale' as const, watermark: null })) : replies }
        },
      }
    }),
  },
  {
    defect: 'a repeated commit marks the parents again',
    fails: 'window commits: the same commit twice is committed twice, and written once',
    wrap: withWindows((windows) => ({
      async commit({ commits, now }) {
        const reply = await windows.commit({ commits: commits.map((one) => ({ ...one, marks: [] })), now })
        await windows.mark({ marks: commits.flatMap(({ marks }) => marks), now })
        return reply
      },
    })),
  },
  {
    defect: 'a repeated failure is refused',
    fails: 'window failures: a failure that is told twice is written once',
    wrap: (store) => {
      const told = new Set<string>()
      return withWindows((windows) => ({
        async fail(request) {
          const reply = await windows.fail(request)
          return {
            ...reply,
            replies: reply.replies.map((one, index) => {
              const key = JSON.stringify(request.failures[index])
              const isRepeated = one === 'failed' && told.has(key)
              told.add(key)
              return isRepeated ? ('stale' as const) : one
            }),
          }
        },
      }))(store)
    },
  },
  {
    defect: 'a commit is accepted for a definition that is no longer',
    fails: 'window commits: a commit for a rollup that was defined anew is refused',
    wrap: withCommits(async (commit, store) => ({ ...commit, generation: await generationOf(windowsOf(store), commit.rollup) })),
  },
  {
    defect: 'parents are not marked',
    fails: 'window commits: marks for the parents, and the pace, are written with the commit',
    wrap: withCommits((commit) => ({ ...commit, marks: [] })),
  },
  {
    defect: 'a suspect window is recorded as a failure',
    fails: 'window commits: a suspect window counts as refreshed, and shows',
    wrap: withWindows((windows) => ({
      async commit({ commits, now }) {
        const failures = commits.map(({ windows: all, ...one }) => ({
          ...one,
          windows: all.flatMap(({ start, suspect = '' }) =>
            suspect === '' ? [] : [{ start, error: { name: 'Error', message: suspect }, retryDelayMs: null }],
          ),
        }))
        await windows.fail({ failures, now })
        return windows.commit({
          commits: commits.map((one) => ({ ...one, windows: one.windows.filter(({ suspect }) => suspect === undefined) })),
          now,
        })
      },
    })),
  },
  {
    defect: 'a window is due a millisecond too early',
    fails: 'window commits: a window is complete only if it was due when it was claimed',
    wrap: withBids((bid) => ({ ...bid, dueAt: bid.dueAt - 1 })),
  },
  {
    defect: 'what a bid says of grace is ignored',
    fails: 'window commits: grace counts: due is what the bid says',
    wrap: withBids((bid) => ({ ...bid, dueAt: bid.end })),
  },
  {
    defect: 'late data moves the watermark back',
    fails: 'window commits: late data never moves the watermark back',
    wrap: withWindows((windows) => ({
      async state(request) {
        const reply = await windows.state(request)
        const states = reply.states.map((state) => {
          if (state === null) return null
          const watermark = Math.min(state.record.watermark, ...state.dirty.map(({ start }) => start))
          return { ...state, record: { ...state.record, watermark } }
        })
        return { ...reply, states }
      },
    })),
  },
  {
    defect: 'windows are given out that others hold',
    fails: 'window claims: what one run holds no other gets, and it can be asked for again',
    wrap: withWindows((windows) => ({
      async claim(request) {
        const reply = await windows.claim(request)
        const replies = reply.replies.map((one, index) => ({
          ...one,
          windows: (request.claims[index]?.windows ?? []).map(
            ({ start, end }) => one.windows.find((got) => got.start === start) ?? { start, end, seq: 1, removed: false },
          ),
        }))
        return { ...reply, replies }
      },
    })),
  },
  {
    defect: 'a claim does not look whether a window is still as the bid says',
    fails: 'window claims: only dirty windows are got as dirty',
    wrap: withBids((bid) => ({ ...bid, when: 'any' })),
  },
  {
    defect: 'a claim that comes again takes anew what its run holds',
    fails: 'window claims: a claim that comes again, or late, leaves what the run holds as it was taken',
    wrap: withWindows((windows) => ({
      async claim({ claims, now }) {
        for (const { windows: bids, ...claim } of claims) {
          const asked = new Set(bids.map(({ start }) => start))
          const { windows: known } = await windows.list({ rollup: claim.rollup, ...EVERYTHING })
          const held = known.filter(({ start, runId, fence }) => asked.has(start) && runId === claim.runId && fence === claim.fence)
          const error = { name: 'Error', message: 'let go of' }
          const failed = held.map(({ start }) => ({ start, error, retryDelayMs: 0 }))
          if (failed.length > 0) await windows.fail({ failures: [{ ...claim, windows: failed }], now })
        }
        return windows.claim({ claims, now })
      },
    })),
  },
  {
    defect: 'a claim does not take over what expired owners left',
    fails: 'window claims: a claim takes over from owners whose lease ended',
    wrap: withWindows((windows) => ({ claim: ({ claims, now = 0 }) => windows.claim({ claims, now: now - 10_000 }) })),
  },
  {
    defect: 'a window is tried again at once',
    fails: 'window failures: a window that failed is free, and not refreshed again before its time',
    wrap: withWindows((windows) => ({
      fail: ({ failures, now }) =>
        windows.fail({
          failures: failures.map((one) => ({
            ...one,
            windows: one.windows.map((window) => ({ ...window, retryDelayMs: window.retryDelayMs === null ? null : 0 })),
          })),
          now,
        }),
    })),
  },
  {
    defect: 'windows that were given up are offered',
    fails: 'window failures: a window that was given up stays dirty, and is offered no more',
    wrap: withWindows((windows) => ({
      async state(request) {
        const reply = await windows.state(request)
        const states = await Promise.all(
          reply.states.map(async (state) => {
            if (state === null) return null
            const all = await windows.list({ rollup: state.record.rollup, ...EVERYTHING })
            return { ...state, dirty: all.windows.filter(({ dirtySince }) => dirtySince !== null) }
          }),
        )
        return { ...reply, states }
      },
    })),
  },
  {
    defect: 'a watermark passes over what is not complete',
    fails: 'window state: a pass stops at nothing but a record that is not complete',
    wrap: withWindows((windows) => ({
      pass: ({ passes, now }) => windows.pass({ passes: passes.map((one) => ({ ...one, expired: true })), now }),
    })),
  },
  {
    defect: 'a pass does not compare the watermark',
    fails: 'window state: a pass compares the watermark and the generation',
    wrap: withWindows((windows) => ({
      async pass({ passes, now }) {
        const { states } = await windows.state({ rollups: passes.map(({ rollup }) => ({ rollup, limit: 1 })), now })
        return windows.pass({ passes: passes.map((one, index) => ({ ...one, expected: states[index]?.record.watermark ?? 0 })), now })
      },
    })),
  },
  {
    defect: 'a list holds the window that starts where the range ends',
    fails: 'window state: a list is of windows that start in the range, by start',
    wrap: withWindows((windows) => ({ list: (request) => windows.list({ ...request, to: request.to + 1 }) })),
  },
  {
    defect: 'what waits in the log is not seen in the state',
    fails: 'window state: the oldest mark is of what waits in the log and of what is dirty',
    wrap: withWindows((windows) => ({
      async state(request) {
        const reply = await windows.state(request)
        const states = reply.states.map((state) => {
          if (state === null) return null
          const instants = state.dirty.map(({ dirtySince }) => dirtySince ?? 0)
          return { ...state, oldestMarkAt: instants.length === 0 ? null : Math.min(...instants), hasMarks: false }
        })
        return { ...reply, states }
      },
    })),
  },
]
