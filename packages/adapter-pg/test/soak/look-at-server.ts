/** Sizes of what a soak leaves in its database, and of the processes that serve it. */
import { readFile } from 'node:fs/promises'
import type { Pool } from 'pg'
import type { ServerSample } from './soak-plan.ts'

const RELATIONS = `
  select c.relname as name, pg_table_size(c.oid)::float8 as "tableBytes", pg_indexes_size(c.oid)::float8 as "indexBytes",
    coalesce(s.n_dead_tup, 0)::float8 as "deadTuples"
  from pg_class c left join pg_stat_user_tables s on s.relid = c.oid
  where c.relkind = 'r' and c.relnamespace = 'quarterjack'::regnamespace`

/** One row per job, schedule, gate, …: their number must not follow what happens. */
const STANDING = ['jobs', 'schedules', 'gates', 'leases', 'bids', 'owners', 'debounces', 'idempotency', 'held_gates', 'trigger_log']

const COUNTS = `
  select (select count(*)::int from quarterjack.runs) as "unfinishedRuns", (select count(*)::int from quarterjack.history) as "finishedRuns",
    (${STANDING.map((table) => `(select count(*)::int from quarterjack.${table})`).join(' + ')}) as "standingRows"`

const BACKENDS = "select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"

interface Relation {
  readonly name: string
  readonly tableBytes: number
  readonly indexBytes: number
  readonly deadTuples: number
}

export async function lookAtServer(pool: Pool): Promise<ServerSample> {
  const relations = (await pool.query<Relation>(RELATIONS)).rows
  const [counts] = (await pool.query<Pick<ServerSample, 'unfinishedRuns' | 'finishedRuns' | 'standingRows'>>(COUNTS)).rows
  if (counts === undefined) throw new Error('Postgres counted nothing.')
  const backends = (await pool.query<{ pid: number }>(BACKENDS)).rows
  const memory = await Promise.all(backends.map(({ pid }) => memoryOf(pid)))
  const sum = (of: (relation: Relation) => number): number => relations.reduce((total, relation) => total + of(relation), 0)
  return {
    tableBytes: sum(({ tableBytes }) => tableBytes),
    indexBytes: sum(({ indexBytes }) => indexBytes),
    deadTuples: sum(({ deadTuples }) => deadTuples),
    relations: Object.fromEntries(relations.map(({ name, tableBytes, indexBytes }) => [name, tableBytes + indexBytes])),
    connections: backends.length,
    backendBytes: memory.reduce((total, bytes) => total + bytes, 0),
    ...counts,
  }
}

/** What is its own; 0 of one that has just ended. */
async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return 1_024 * Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
}
