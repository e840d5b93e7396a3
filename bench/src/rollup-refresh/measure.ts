/** One way to refresh, in a process of its own: `measure.ts <peer> <shape> <windows> <rows> <repeats> <url>`. */
import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import { median } from '../figure.ts'
import { machineMs } from '../replica.ts'
import { COUNTER, REFRESHERS } from './refreshers.ts'
import { HOUR_MS, hoursOf, START_MS } from './site.ts'

const [name = '', shape = '', windowsText = '1', rowsText = '0', repeatsText = '1', url = ''] = process.argv.slice(2)
const hours = hoursOf(Number(rowsText))
const repeats = Number(repeatsText)

const client = new Client({ connectionString: url })
await client.connect()
// For all: estimates of range joins would have it compile what ends within milliseconds.
await client.query('set jit = off')
const one = async (sql: string): Promise<string> => Object.values((await client.query<Record<string, string>>(sql)).rows[0] ?? {})[0] ?? ''
const backend = await one('select pg_backend_pid()::text')
const refresher = REFRESHERS[name]?.create()
if (refresher === undefined) throw new Error(`no way ${name}`)
await client.query('drop table if exists spans_hourly')
await client.query('drop materialized view if exists spans_hourly').catch(() => undefined)
await refresher.prepare(client, url)

const starts = windowStarts(Number(windowsText))
// What this connection has to learn, it knows by then.
await refresher.refresh(client, starts)
await client.query('checkpoint')

const samples = { ms: [] as number[], late: [] as number[], kb: [] as number[] }
let cpuMs = 0
for (let repeat = 0; repeat < repeats; repeat++) {
  const addedAt = machineMs()
  if (shape !== 'unchanged') await addLateRows(repeat)
  samples.late.push(machineMs() - addedAt)
  const [walBefore, cpuBefore] = [BigInt(await lsn()), backendCpuMs()]
  const startedAt = machineMs()
  await refresher.refresh(client, starts)
  samples.ms.push(machineMs() - startedAt)
  cpuMs += backendCpuMs() - cpuBefore
  samples.kb.push(Number(BigInt(await lsn()) - walBefore) / 1_024)
}
const inAll = { lateMs: middle(samples.late), inAllMs: middle(samples.ms.map((ms, index) => ms + (samples.late[index] ?? 0))) }
// It refreshes nothing.
const refreshes = name === COUNTER ? {} : { refreshMs: middle(samples.ms), refreshCpuMs: cpuMs / repeats, walKb: middle(samples.kb) }
console.log(JSON.stringify({ ...refreshes, ...inAll }))
await refresher.cleanUp?.(client, url)
await client.query(name === 'materialized view' ? 'drop materialized view spans_hourly' : 'drop table spans_hourly')
await client.end()

/** In the midst of the table, or spread over all of it. */
function windowStarts(count: number): readonly number[] {
  const at = (hour: number): number => START_MS + hour * HOUR_MS
  if (shape !== 'scattered') return Array.from({ length: count }, (_, n) => at(Math.floor(hours / 2) + n))
  return Array.from({ length: count }, (_, n) => at(1 + Math.floor(((n + 0.5) * (hours - 3)) / count)))
}

async function addLateRows(repeat: number): Promise<void> {
  await client.query(
    `insert into spans (started_at, user_id, kind, model, tokens, duration_ms, cost, status)
     select w + g * interval '5 minutes', g + $2::int, 'llm', 'model-1', 10, 10, 0.5, 'ok' from unnest($1::timestamptz[]) w, generate_series(1, 10) g`,
    [starts.map((at) => new Date(at)), repeat],
  )
}

function lsn(): Promise<string> {
  return one(`select (pg_current_wal_insert_lsn() - '0/0')::text`)
}

/** Of the process that serves this connection, to a hundredth of a second. */
function backendCpuMs(): number {
  const fields = readFileSync(`/proc/${backend}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return 10 * (Number(fields[11]) + Number(fields[12]))
}

function middle(values: readonly number[]): number {
  return median(values.toSorted((a, b) => a - b))
}
