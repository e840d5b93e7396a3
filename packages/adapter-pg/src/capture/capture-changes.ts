/** Installs, upgrades and removes the triggers that mark what changes in a table. */
import { QuarterjackError } from '@quarterjack/core/store'
import { codedError } from '../client/coded-errors.ts'
import type { Connection, SqlClient } from '../client/sql-client.ts'
import { pause } from '../client/timers.ts'
import { type PgClientOptions, resolveClient } from '../options.ts'
import { quoteTable } from '../client/table-name.ts'
import { type CapturedTable, type CaptureOptions, resolveCapturedTable, resolveCaptureOptions } from './capture-options.ts'
import {
  CAPTURE_VERSION,
  captureFunctionSql,
  type CaptureId,
  captureName,
  type CaptureSpec,
  captureTriggersSql,
  dropCaptureSql,
  EVENTS,
  markHistorySql,
  noteSql,
} from './capture-sql.ts'
import { checkSource } from './check-source.ts'
import { adviceOf, type CaptureCheck, judgeCapture } from './judge-capture.ts'
import { checkReaders } from './check-readers.ts'
import { type CaptureFacts, readCapture } from './read-capture.ts'

/** What {@link captureChanges} did. */
export interface Capture {
  /** `unchanged`: everything was in place, and nothing was locked. */
  readonly status: 'installed' | 'upgraded' | 'unchanged'
  /** What the table held was marked, so that its rollups fill: at the first installation, and after one with gaps. */
  readonly markedHistory: boolean
  /** What it cannot see, and what would make it cheaper. Worth a line in the log. */
  readonly advice: readonly CaptureCheck[]
}

/** How long writers may have to wait behind a trigger that waits to be created; then it gives way, and tries again. */
const LONGEST_STAND_MS = 2_000
const MOST_TRIES = 12
const BETWEEN_TRIES_MS = 300

/**
 * From now on, each statement that changes the table marks the windows it touches, in its own transaction. Installs the triggers, brings
 * older ones up to date, and marks once what the table holds already; where all is in place it does nothing, so it can be called at each
 * start. Works on the root of partitions. Writers wait while it gets its lock, 2 s at most at a time.
 *
 * Throws `InvalidOption` for a table, column or type that cannot be captured, `SchemaMissing` before the store was opened once,
 * `StoreTimedOut` when others hold the table all the time.
 *
 * @example
 * await captureChanges({ pool }, { source: 'calls', time: 'at', rollups: [hourly, daily] })
 */
export async function captureChanges(client: PgClientOptions, options: CaptureOptions): Promise<Capture> {
  const sql = resolveClient(client, 'captureChanges')
  const spec = resolveCaptureOptions(options)
  const look = (): Promise<CaptureFacts> => sql.transaction((connection) => readCapture(connection, spec))
  return await coded('captureChanges', spec, async () => {
    const facts = await look()
    checkSource(spec, facts)
    let status: Capture['status'] = 'unchanged'
    if (!isInPlace(facts, spec)) status = await patiently(sql, spec, 'captureChanges', (connection) => install(connection, spec))
    // Apart from the triggers, so that no writer waits while the table is searched for its oldest row.
    const markedHistory = await patiently(sql, spec, 'captureChanges', (connection) => markHistory(connection, spec))
    return { status, markedHistory, advice: adviceOf(spec.source, spec.time, await look()) }
  })
}

/** Removes the triggers. Marks that were made stay, and are worked off. Nothing happens where there are none. */
export async function removeCapture(client: PgClientOptions, options: CapturedTable): Promise<void> {
  const sql = resolveClient(client, 'removeCapture')
  const id = resolveCapturedTable(options, 'removeCapture')
  await coded('removeCapture', id, () => patiently(sql, id, 'removeCapture', (connection) => connection.exec(dropCaptureSql(id))))
}

/** Looks at what is captured, and at what cannot be: statements that name a partition, triggers that are off, a missing index, … */
export async function captureDoctor(client: PgClientOptions, options: CapturedTable): Promise<readonly CaptureCheck[]> {
  const sql = resolveClient(client, 'captureDoctor')
  const id = resolveCapturedTable(options, 'captureDoctor')
  return coded('captureDoctor', id, () =>
    sql.transaction(async (connection) => {
      const facts = await readCapture(connection, id)
      return [...judgeCapture(id.source, id.time, facts), ...(await checkReaders(connection, id, facts))]
    }),
  )
}

function isInPlace({ note, triggers, branches }: CaptureFacts, { grainMs, timeZone, leaves }: CaptureSpec): boolean {
  const isSame = note?.version === CAPTURE_VERSION && note.grainMs === grainMs && note.timeZone === timeZone && note.leaves === leaves
  return isSame && hasTriggers(triggers) && (!leaves || branches.every(({ isForeign, triggers: n }) => isForeign || n === EVENTS.length))
}

function hasTriggers(triggers: CaptureFacts['triggers']): boolean {
  return EVENTS.every((event) => triggers[event] === true)
}

async function install(connection: Connection, spec: CaptureSpec): Promise<Capture['status']> {
  const facts = await readCapture(connection, spec)
  checkSource(spec, facts)
  // Another process was faster.
  if (isInPlace(facts, spec)) return 'unchanged'
  const wasThere = facts.note !== null && hasTriggers(facts.triggers)
  const isOlder = facts.note?.version !== CAPTURE_VERSION
  const leaves = spec.leaves ? facts.branches.filter(({ isForeign, triggers }) => !isForeign && (isOlder || triggers < EVENTS.length)) : []
  const statements = [
    captureFunctionSql(spec),
    ...(wasThere && !isOlder ? [] : [enabled(spec, quoteTable(spec.source))]),
    ...leaves.map(({ name }) => enabled(spec, name)),
    // What changed while there were none was not seen.
    noteSql(spec, wasThere && facts.note?.history === true),
  ]
  await connection.exec(statements.join('\n'))
  return wasThere ? 'upgraded' : 'installed'
}

/** One that is replaced stays disabled if it was. */
function enabled(spec: CaptureSpec, table: string): string {
  const enable = EVENTS.map((event) => `alter table ${table} enable trigger ${captureName(spec)}_${event};`)
  return [captureTriggersSql(spec, table), ...enable].join('\n')
}

async function markHistory(connection: Connection, spec: CaptureSpec): Promise<boolean> {
  const { note } = await readCapture(connection, spec)
  if (note === null || note.history === true) return false
  const [row] = await connection.query(markHistorySql(spec))
  await connection.exec(noteSql(spec, true))
  return row?.[0] !== '0'
}

/** One process at a time. Whoever stands in front of writers for too long gives way, and tries again. */
async function patiently<T>(sql: SqlClient, id: CaptureId, what: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await sql.transaction(async (connection) => {
        await connection.exec(
          `set local lock_timeout = ${LONGEST_STAND_MS}; set local statement_timeout = 0; set local client_min_messages = warning;
          select pg_advisory_xact_lock(hashtextextended('${id.schema}/${captureName(id)}', 0));`,
        )
        return await work(connection)
      })
    } catch (error) {
      if (!isInTheWay(error)) throw error
      if (attempt === MOST_TRIES) {
        throw new QuarterjackError(
          'StoreTimedOut',
          `${what}: table ${id.source} was held by others at each of ${MOST_TRIES} tries. End what holds it for long (see pg_stat_activity), and call again.`,
          { cause: error },
        )
      }
      await pause(BETWEEN_TRIES_MS)
    }
  }
}

/** Somebody held the table for too long, or waited for us while we waited for them. */
function isInTheWay(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return code === '55P03' || code === '40P01'
}

async function coded<T>(what: string, { schema }: CaptureId, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw codedError(error, { store: 'pg', schema, what })
  }
}
