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
  for (let last: string | undefined, isWhole = false; !isWhole; ) {
    let held: string[] = []
    isWhole = true
    for (let after: string | undefined, more = true; more; ) {
      const ids = (await find({ ...query, after, limit: PAGE })).map(({ id }) => id)
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
