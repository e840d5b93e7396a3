/** Every schedule of a store, page by page. */
import type { ScheduleRecord, Store } from '@quarterjack/core/store'

const PAGE = 1_000

/** All that there are. */
export async function allSchedules(store: Store): Promise<readonly ScheduleRecord[]> {
  const found: ScheduleRecord[] = []
  for (;;) {
    const last = found.at(-1)
    const after = last === undefined ? {} : { after: { job: last.job, name: last.name } }
    const { schedules } = await store.schedules.list({ limit: PAGE, ...after })
    found.push(...schedules)
    if (schedules.length < PAGE) return found
  }
}
