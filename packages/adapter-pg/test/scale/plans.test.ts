/** What a call reads does not depend on what is stored: 1,000,000 finished runs and 100,000 schedules cost as little as 1,000 and 100. */
import { figure } from '@quarterjack/fault-kit/figure'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type Looks, lookAtScale } from './look-at-scale.ts'
import { type MeasuredVerbs, stepsOf, worstOf } from './measure-verbs.ts'

vi.setConfig({ hookTimeout: 600_000 })

/** Never read whole: they grow with work, with time, or with keys. */
const LARGE: ReadonlySet<unknown> = new Set(['runs', 'history', 'schedules', 'skips', 'idempotency', 'absorbed', 'gates', 'debounces'])

/** Trees of a million entries are deeper than those of a thousand: three pages from the root instead of two. */
const MOST_TIMES = 2
const MOST_MORE = 50
/** Verbs that look at some hundreds of something, if there are so many. */
const LOOKS_AT_MORE: Readonly<Record<string, number>> = {
  // 1,000 schedules of a job, twice.
  'runs.stats': 1_500,
  // 100 pages of gates, and 100 of debounces.
  'runs.prune': 250,
}

const VACUUMED = 'many rows that the server knows of'

let looks: Looks
beforeAll(async () => {
  looks = await lookAtScale()
})

describe.each<[string, (looks: Looks) => MeasuredVerbs]>([
  ['some rows, in a session from before that knows nothing of the tables', ({ unaware }) => unaware.some],
  ['some rows, in a session from before that knows them as small', ({ misled }) => misled.some],
  ['some rows, in a new session', ({ fresh }) => fresh.some],
  ['many rows, in a session from before that knows nothing of the tables', ({ unaware }) => unaware.many],
  ['many rows, in a session from before that knows them as small', ({ misled }) => misled.many],
  ['many rows, in a new session', ({ fresh }) => fresh.many],
  [VACUUMED, ({ analyzed }) => analyzed],
])('over %s', (over, lookOf) => {
  it('no verb reads a table whole', () => {
    expect(wholeReads(lookOf(looks))).toEqual([])
  })

  it('no verb touches more pages than on small tables, but for the depth of indexes', () => {
    const verbs = [...lookOf(looks)].filter(([verb]) => over === VACUUMED || !isPlannedByStatistics(verb))
    expect(verbs.length).toBeGreaterThan(15)
    const beyond = verbs.flatMap(([verb, { pages, statements }]) => {
      const small = looks.small.get(verb)?.pages ?? 0
      const most = small * MOST_TIMES + MOST_MORE + (LOOKS_AT_MORE[verb] ?? 0)
      return pages > most ? [`${verb}: ${pages} pages; ${small} when small\n${worstOf(statements)}`] : []
    })
    figure(`pages over ${over}`, Object.fromEntries(verbs.map(([verb, { pages }]) => [verb, `${looks.small.get(verb)?.pages} → ${pages}`])))
    expect(beyond).toEqual([])
  })
})

/** People ask for lists by any filter: the server chooses the index by its statistics, which autovacuum keeps. */
function isPlannedByStatistics(verb: string): boolean {
  return verb.startsWith('runs.find')
}

function wholeReads(verbs: MeasuredVerbs): readonly string[] {
  return [...verbs].flatMap(([verb, { statements }]) =>
    statements.flatMap(({ text, plan }) =>
      stepsOf(plan)
        .filter((step) => step['Node Type'] === 'Seq Scan' && LARGE.has(step['Relation Name']))
        // Unfinished runs have no index by creation: a list that asks for them sorts the work at hand.
        .filter((step) => !(verb.startsWith('runs.find') && step['Relation Name'] === 'runs'))
        .map((step) => `${verb}: ${step['Relation Name']}: ${text.trim().slice(0, 200)}`),
    ),
  )
}
