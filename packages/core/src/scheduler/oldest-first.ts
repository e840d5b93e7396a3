/** Runs that match, the oldest first: pages come newest first, and only a bounded number of ids is held. */
import type { RunRecord } from '../store/records.ts'
import type { RunQuery } from '../store/runs.ts'

/** Whole records are read, payloads included. */
export const PAGE = 200
/** Ids that are held at a time. */
const MOST_HELD = 10_000

/** Lots of ids, oldest first. Where more match than are held, what is newer than a lot is read once more for the next one. */
export async function* oldestFirst(
  find: (query: RunQuery) => Promise<readonly RunRecord[]>,
  query: RunQuery,
  mostHeld: number = MOST_HELD,
): AsyncGenerator<readonly string[]> {
  let newest: string | undefined
  for (let last: string | undefined, isWhole = false; !isWhole; ) {
    // What comes meanwhile is left to another time: it may be what was made of the lot before.
    let held = newest === undefined ? [] : [newest]
    isWhole = true
    for (let after = newest, more = true; more; ) {
      const ids = (await find({ ...query, after, limit: PAGE })).map(({ id }) => id)
      newest ??= ids[0]
      const known = last === undefined ? -1 : ids.indexOf(last)
      held.push(...(known < 0 ? ids : ids.slice(0, known)))
      if (held.length > mostHeld) {
        held = held.slice(-mostHeld)
        isWhole = false
      }
      more = known < 0 && ids.length === PAGE
      after = ids.at(-1)
    }
    last = held[0]
    yield held.reverse()
  }
}
