/** How many of those who joined in a week were still active in each later one. Pure. */
import { startOfWeek, WEEK_MS } from '../db/time.ts'

export interface Joined {
  readonly user: number
  readonly at: number
}

export interface Retention {
  /** Monday of the week in which they joined. */
  readonly cohortAt: number
  /** 0: the week of joining. */
  readonly week: number
  readonly size: number
  readonly active: number
}

/** The cohorts of the last `weeks` weeks that are over. Only weeks that are over count. */
export function computeCohorts(
  joined: readonly Joined[],
  activity: readonly Joined[],
  { at, weeks }: { readonly at: number; readonly weeks: number },
): readonly Retention[] {
  const thisWeek = startOfWeek(at)
  const members = Map.groupBy(joined, (join) => startOfWeek(join.at))
  const active = new Set(activity.map((one) => `${one.user} ${startOfWeek(one.at)}`))
  const retention: Retention[] = []
  for (let cohortAt = thisWeek - weeks * WEEK_MS; cohortAt < thisWeek; cohortAt += WEEK_MS) {
    const cohort = members.get(cohortAt) ?? []
    for (let week = 0; cohortAt + week * WEEK_MS < thisWeek; week += 1) {
      const weekAt = cohortAt + week * WEEK_MS
      retention.push({ cohortAt, week, size: cohort.length, active: cohort.filter(({ user }) => active.has(`${user} ${weekAt}`)).length })
    }
  }
  return retention
}
