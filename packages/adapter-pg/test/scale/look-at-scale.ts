/** The same rounds on small tables, and on large ones as seen by sessions that know more or less of their size. */
import { openExplainedSession } from './explained-session.ts'
import { measureAfresh, measureVerbs, type MeasuredVerbs } from './measure-verbs.ts'
import { createScaleSite, FEW, MANY, SOME } from './scale-site.ts'

/** What was seen. */
export interface Looks {
  readonly version: string
  readonly small: MeasuredVerbs
  /** In sessions that began when the tables were small: while the server knew nothing of them, and when it knew how small. */
  readonly unaware: Growth
  readonly misled: Growth
  /** In new sessions, when the server has no statistics of what was added. */
  readonly fresh: Growth
  /** In a new session, after `vacuum analyze`. */
  readonly analyzed: MeasuredVerbs
}

/** On the way, and on large tables. */
export interface Growth {
  readonly some: MeasuredVerbs
  readonly many: MeasuredVerbs
}

/** Takes about a minute. */
export async function lookAtScale(): Promise<Looks> {
  await using site = await createScaleSite()
  const rounds = { next: 0 }
  await using unaware = openExplainedSession(site.poolSettings)
  await site.fill(FEW)
  const small = await measureVerbs(unaware, rounds)
  await site.vacuum()
  await using misled = openExplainedSession(site.poolSettings)
  await measureVerbs(misled, rounds)
  const lookThrice = async (): Promise<readonly [MeasuredVerbs, MeasuredVerbs, MeasuredVerbs]> => [
    await measureVerbs(unaware, rounds),
    await measureVerbs(misled, rounds),
    await measureAfresh(site.poolSettings, rounds),
  ]
  await site.fill(SOME)
  const some = await lookThrice()
  await site.fill(MANY)
  const many = await lookThrice()
  await site.vacuum()
  const analyzed = await measureAfresh(site.poolSettings, rounds)
  const growth = (which: 0 | 1 | 2): Growth => ({ some: some[which], many: many[which] })
  return { version: await site.version(), small, unaware: growth(0), misled: growth(1), fresh: growth(2), analyzed }
}
