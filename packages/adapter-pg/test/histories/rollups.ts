/** The two rollups of a history, as every worker defines them: what a seed says of them can be told to another process. */
import { defineRollup, type RefreshContext } from '@quarterjack/core'
import { count, countIf, last, max, type SqlRollup, sqlRollup, sum } from '../../src/index.ts'
import { NOTE_REFRESH } from './audit.ts'
import type { Policies } from './judge.ts'
import type { Chance, Reach } from './writers.ts'

/** Windows fall due while the history lasts, and rows lie ahead of them. */
export const FINE_MS = 1_000
export const COARSE_MS = 4_000
export const REACH: Reach = { backMs: 24_000, aheadMs: 2_000 }
export const GRACE_MS = 200
/** The least that there is. */
export const LEASE_MS = 2_000
const MOST_SLEEP_S = 0.25

/** What differs between histories. */
export interface Settings {
  readonly startAt: number
  readonly capture: 'complete' | 'partial'
  readonly live: boolean
  readonly lookback: number
  readonly concurrency: number
  readonly batch: number
}

export function chooseSettings(random: Chance): Settings {
  return {
    startAt: Math.floor((Date.now() - REACH.backMs - 10_000) / COARSE_MS) * COARSE_MS,
    capture: random(2) === 0 ? 'complete' : 'partial',
    live: random(2) === 0,
    lookback: random(2) === 0 ? 0 : random(3),
    concurrency: 1 + random(2),
    batch: 1 + random(10),
  }
}

const measures = { calls: count(), slow: countIf('ms > 500'), ms: sum('ms'), slowest: max('ms'), newest: last('ms') }
const fine = sqlRollup({ source: 'calls', time: 'at', target: 'fine', by: ['tenant'], measures })
const coarse = sqlRollup({ from: fine, target: 'coarse', by: [] })

/** What stands behind them. */
export const TARGETS: readonly SqlRollup[] = [fine, coarse]

/** `naps`: when a refresh sleeps. */
export function defineBoth({ startAt, capture, live, lookback, concurrency, batch }: Settings, naps: Chance) {
  const shared = {
    ...{ start: new Date(startAt), grace: GRACE_MS, live, lookback, concurrency, batch: { start: batch } },
    debounce: { wait: '100ms', maxWait: '400ms' },
    retry: { retries: 100, minTimeout: '100ms', maxTimeout: '500ms' },
  } as const
  const child = defineRollup({
    ...{ ...shared, name: 'fine', grain: FINE_MS, source: 'calls', capture },
    refresh: notedRefresh('fine', fine, naps),
  })
  const parent = defineRollup({
    ...{ ...shared, name: 'coarse', grain: COARSE_MS, after: [child] },
    refresh: notedRefresh('coarse', coarse, naps),
  })
  return [child, parent] as const
}

/** What the judge is told of them. */
export function policiesOf({ startAt, capture, live, lookback }: Settings): Policies {
  const policy = { startAt, graceMs: GRACE_MS, lookback, isLive: live }
  return {
    fine: { ...policy, grainMs: FINE_MS, isComplete: capture === 'complete', sources: { calls: 'calls', fine: '' } },
    coarse: { ...policy, grainMs: COARSE_MS, isComplete: false, sources: { 'rollup:fine': 'fine', coarse: '' } },
  }
}

interface Querying {
  query(sql: string, values?: readonly unknown[]): Promise<unknown>
}

/** It sleeps in its transaction now and then, and notes its windows there. */
function notedRefresh(name: string, sql: SqlRollup, random: Chance) {
  const nap = async (client: Querying): Promise<void> => {
    if (random(4) === 0) await client.query(`select pg_sleep(${(random(1_000) / 1_000) * MOST_SLEEP_S})`)
  }
  const refresh = (request: Parameters<SqlRollup>[0], ctx: RefreshContext) =>
    sql(request, {
      ...ctx,
      commitWith: (work) =>
        ctx.commitWith(async (tx) => {
          const client = tx as Querying
          await nap(client)
          const answer = await work(tx)
          await nap(client)
          await client.query(NOTE_REFRESH, [name, request.windows.map(({ start }) => start.getTime())])
          return answer
        }),
    })
  return Object.assign(refresh, { revision: sql.revision, verify: sql.verify, target: sql.target })
}
