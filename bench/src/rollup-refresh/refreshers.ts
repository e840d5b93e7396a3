/** Ways to bring windows of hours up to date. */
import { captureChanges, count, countIf, max, pgStore, removeCapture, sqlRollup, sum } from '@quarterjack/adapter-pg'
import { type Client, Pool } from 'pg'
import { fillTarget, HOUR_MS, MEASURES } from './site.ts'

/** One way, on a target of its own. */
export interface Refresher {
  /** Makes its target, up to date, and what marks or counts where the table changes. */
  prepare(client: Client, url: string): Promise<void>
  /** Windows by their starts, in order. */
  refresh(client: Client, starts: readonly number[]): Promise<void>
  /** Removes what it left beside its target: others use the table, too. */
  cleanUp?(client: Client, url: string): Promise<void>
}

const TARGET = 'spans_hourly'

/** The windows, as one range where there are no gaps: what one writes by hand. */
function source(starts: readonly number[]): { readonly from: string; readonly values: readonly unknown[] } {
  const [first = 0, last = 0] = [starts[0], starts.at(-1)]
  if (last - first === (starts.length - 1) * HOUR_MS) {
    const from = `select date_trunc('hour', started_at) as window_start, user_id, kind, ${MEASURES} from spans
      where started_at >= $1 and started_at < $2 group by 1, 2, 3`
    return { from, values: [new Date(first), new Date(last + HOUR_MS)] }
  }
  const from = `select w.s as window_start, user_id, kind, ${MEASURES} from unnest($1::timestamptz[], $2::timestamptz[]) w(s, e)
    join spans on started_at >= w.s and started_at < w.e group by 1, 2, 3`
  return { from, values: [starts.map((at) => new Date(at)), starts.map((at) => new Date(at + HOUR_MS))] }
}

const inWindows = (values: readonly unknown[]): string =>
  Array.isArray(values[0]) ? 'window_start = any($1)' : 'window_start >= $1 and window_start < $2'

async function inTransaction(client: Client, work: () => Promise<unknown>): Promise<void> {
  await client.query('begin')
  await work()
  await client.query('commit')
}

const prepare = (client: Client): Promise<void> => fillTarget(client, TARGET)

function quarterjack(): Refresher {
  const rollup = sqlRollup({
    source: 'spans',
    time: 'started_at',
    target: TARGET,
    by: ['user_id', 'kind'],
    measures: {
      calls: count(),
      errors: countIf("status = 'error'"),
      tokens: sum('tokens'),
      cost: sum('cost'),
      slowest: max('duration_ms'),
    },
  })
  const { signal } = new AbortController()
  return {
    async prepare(client, url) {
      await prepare(client)
      const pool = new Pool({ connectionString: url, max: 2 })
      const store = pgStore({ pool, hints: false })
      await store.open()
      await store.close()
      await captureChanges({ pool }, { source: 'spans', time: 'started_at', grain: 'hour' })
      await pool.end()
    },
    async cleanUp(client, url) {
      const pool = new Pool({ connectionString: url, max: 2 })
      await removeCapture({ pool }, { source: 'spans', time: 'started_at' })
      await pool.end()
      await client.query('drop schema quarterjack cascade')
    },
    async refresh(client, starts) {
      const windows = starts.map((at) => ({ start: new Date(at), end: new Date(at + HOUR_MS), removed: true }))
      const [from, to] = [windows[0]?.start ?? new Date(0), windows.at(-1)?.end ?? new Date(0)]
      const commitWith = (work: (tx: unknown) => Promise<unknown>): Promise<void> => inTransaction(client, () => work(client))
      await rollup({ windows, from, to }, { signal, commitWith })
    },
  }
}

function deleteInsert(): Refresher {
  return {
    prepare,
    refresh: (client, starts) =>
      inTransaction(client, async () => {
        const { from, values } = source(starts)
        const range = Array.isArray(values[0]) ? values.slice(0, 1) : [...values]
        await client.query(`delete from ${TARGET} where ${inWindows(values)}`, [...range])
        await client.query(`insert into ${TARGET} ${from}`, [...values])
      }),
  }
}

/** Never removes groups. */
function upsert(): Refresher {
  return {
    prepare,
    async refresh(client, starts) {
      const { from, values } = source(starts)
      await client.query(
        `insert into ${TARGET} ${from} on conflict (window_start, user_id, kind) do update set calls = excluded.calls,
          errors = excluded.errors, tokens = excluded.tokens, cost = excluded.cost, slowest = excluded.slowest`,
        [...values],
      )
    },
  }
}

/** Compares first, in one statement: as little as there is to be done. */
function byHand(): Refresher {
  const same = 't.window_start = f.window_start and t.user_id = f.user_id and t.kind = f.kind'
  return {
    prepare,
    async refresh(client, starts) {
      const { from, values } = source(starts)
      await client.query(
        `with fresh as materialized (${from}),
        gone as (delete from ${TARGET} t where ${inWindows(values)} and not exists (select from fresh f where ${same}))
        insert into ${TARGET} select f.* from fresh f left join (select * from ${TARGET} where ${inWindows(values)}) t on ${same}
        where t.window_start is null or (t.calls, t.errors, t.tokens, t.cost, t.slowest) is distinct from (f.calls, f.errors, f.tokens, f.cost, f.slowest)
        on conflict (window_start, user_id, kind) do update set calls = excluded.calls,
          errors = excluded.errors, tokens = excluded.tokens, cost = excluded.cost, slowest = excluded.slowest`,
        [...values],
      )
    },
  }
}

/** Counts along, row by row, in the transactions of the writers: nothing is left to refresh. It knows nothing of deletes, and a greatest value cannot be taken back. */
function counter(): Refresher {
  return {
    async prepare(client) {
      await prepare(client)
      await client.query(`create function count_along() returns trigger language plpgsql as $$ begin
          insert into ${TARGET} values (date_trunc('hour', new.started_at), new.user_id, new.kind, 1, (new.status = 'error')::int, new.tokens, new.cost, new.duration_ms)
          on conflict (window_start, user_id, kind) do update set calls = ${TARGET}.calls + 1, errors = ${TARGET}.errors + excluded.errors,
            tokens = ${TARGET}.tokens + excluded.tokens, cost = ${TARGET}.cost + excluded.cost, slowest = greatest(${TARGET}.slowest, excluded.slowest);
          return null; end $$;
        create trigger count_along after insert on spans for each row execute function count_along()`)
    },
    refresh: () => Promise.resolve(),
    cleanUp: async (client) => void (await client.query('drop function count_along() cascade')),
  }
}

function materializedView(): Refresher {
  return {
    async prepare(client) {
      await client.query(`create materialized view ${TARGET} as
        select date_trunc('hour', started_at) as window_start, user_id, kind, ${MEASURES} from spans group by 1, 2, 3`)
    },
    refresh: async (client) => void (await client.query(`refresh materialized view ${TARGET}`)),
  }
}

/** The name of the one that leaves nothing to refresh. */
export const COUNTER = 'counter trigger'

export const REFRESHERS: Readonly<Record<string, { readonly setUp: string; readonly create: () => Refresher }>> = {
  quarterjack: { setUp: 'sqlRollup in a transaction, its own checks included', create: quarterjack },
  'diff by hand': { setUp: 'one statement that compares first; the range of adjacent windows, unnest of scattered ones', create: byHand },
  'delete + insert': { setUp: 'two statements in a transaction', create: deleteInsert },
  upsert: { setUp: 'ON CONFLICT DO UPDATE; never removes groups', create: upsert },
  [COUNTER]: { setUp: 'a trigger for each row that counts in the target itself, ON CONFLICT DO UPDATE', create: counter },
  'materialized view': { setUp: 'REFRESH MATERIALIZED VIEW: always all windows', create: materializedView },
}
