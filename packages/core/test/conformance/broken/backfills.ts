/** Stores with a defect in backfills. */
import type { BackfillStore } from '../../../src/store/backfills.ts'
import type { Store } from '../../../src/store/store.ts'
import type { BackfillRecord } from '../../../src/store/window-records.ts'
import { windowsOf, withVerbs, type BrokenStore } from './with-verbs.ts'

function withBackfills(replace: (backfills: BackfillStore) => Partial<BackfillStore>): (store: Store) => Store {
  return (store) => withVerbs(store, { backfills: replace(windowsOf(store).backfills) })
}

/** Backfills are shown as other than they are. */
function shown(backfills: BackfillStore, change: (record: BackfillRecord) => BackfillRecord): Partial<BackfillStore> {
  return {
    async get(request) {
      const found = await backfills.get(request)
      return { backfills: found.backfills.map((one) => (one === null ? null : change(one))) }
    },
  }
}

export const BROKEN_BACKFILLS: readonly BrokenStore[] = [
  {
    defect: 'a cancelled backfill keeps its stamps',
    fails: 'backfills: a cancelled backfill takes its stamps off, whoever holds the windows',
    wrap: withBackfills((backfills) => ({
      ...shown(backfills, (one) => (one.state === 'paused' ? { ...one, state: 'cancelled' } : one)),
      control: ({ controls, now }) =>
        backfills.control({ controls: controls.map((one) => ({ ...one, action: one.action === 'cancel' ? 'pause' : one.action })), now }),
    })),
  },
  {
    defect: 'a backfill is finished as soon as its range is exhausted',
    fails: 'backfill stamps: a backfill is finished when its range is exhausted and no stamp is left',
    wrap: withBackfills((backfills) => shown(backfills, (one) => (one.exhausted ? { ...one, state: 'finished' } : one))),
  },
  {
    defect: 'a backfill is finished as soon as no stamp is left',
    fails: 'backfill stamps: a backfill is finished when its range is exhausted and no stamp is left',
    wrap: withBackfills((backfills) =>
      shown(backfills, (one) => (one.stamped > 0 && one.stamped === one.done ? { ...one, state: 'finished' } : one)),
    ),
  },
  {
    defect: 'what was given up counts as done',
    fails: 'backfill stamps: a stamped window that is given up counts as failed, one that is tried again stays stamped',
    wrap: withBackfills((backfills) => shown(backfills, (one) => ({ ...one, done: one.done + one.failed, failed: 0 }))),
  },
  {
    defect: 'a stretch is stamped without a look at the cursor',
    fails: 'backfill stamps: a stretch is stamped by compare-and-set on the cursor',
    wrap: withBackfills((backfills) => ({
      async stamp({ stamps, now }) {
        const found = await backfills.get({ ids: stamps.map(({ id }) => id) })
        return backfills.stamp({ stamps: stamps.map((one, index) => ({ ...one, expected: found.backfills[index]?.cursor ?? 0 })), now })
      },
    })),
  },
  {
    defect: 'ranges that only touch overlap',
    fails: 'backfills: unfinished backfills of a rollup do not overlap',
    wrap: withBackfills((backfills) => ({
      create: (request) => backfills.create({ ...request, backfills: request.backfills.map((one) => ({ ...one, from: one.from - 1 })) }),
    })),
  },
  {
    defect: 'the runs of a backfill are made whatever becomes of it',
    fails: 'backfills: unfinished backfills of a rollup do not overlap',
    wrap: (store) =>
      withVerbs(store, {
        backfills: {
          async create(request) {
            await store.runs.enqueue({ requests: request.backfills.flatMap(({ enqueue }) => enqueue), now: request.now })
            return windowsOf(store).backfills.create(request)
          },
        },
      }),
  },
  {
    defect: 'a paused backfill is worked on',
    fails: 'backfills: a paused backfill keeps everything, and is not worked on',
    wrap: (store) =>
      withVerbs(store, {
        windows: {
          claim: (request) =>
            windowsOf(store).claim({
              ...request,
              claims: request.claims.map((claim) => ({
                ...claim,
                windows: claim.windows.map((bid) => (bid.when === 'stamped' ? { ...bid, when: 'any' as const } : bid)),
              })),
            }),
        },
      }),
  },
  {
    defect: 'a backfill that exists is created again',
    fails: 'backfills: the same backfill again is the one that exists',
    wrap: withBackfills((backfills) => ({
      async create(request) {
        const { replies, storeNow } = await backfills.create(request)
        return { storeNow, replies: replies.map((one) => (one.status === 'exists' ? { ...one, status: 'created' as const } : one)) }
      },
    })),
  },
]
