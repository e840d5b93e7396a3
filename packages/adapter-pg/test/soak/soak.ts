/** Minutes of work of every kind on a real Postgres: what may not grow, and what may not be lost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, every, type ScheduleSetting } from '@quarterjack/core'
import { Pool } from 'pg'
import { pgStore } from '../../src/index.ts'
import type { PostgresVersion } from '../servers/find-binaries.ts'
import { startPostgres } from '../servers/postgres.ts'
import { lookAtServer } from './look-at-server.ts'
import { soakJobs } from './soak-jobs.ts'
import { quantile } from './latencies.ts'
import { LOAD, type Hold, type ProcessSample, type ServerSample, type Tally } from './soak-plan.ts'
import { startSoakWorker, type SoakWorker } from './start-worker.ts'
import { trendOf, type Series, type Trend } from './trends.ts'

export interface SoakOptions {
  readonly minutes: number
  /** Whether latencies are judged: false where something else may use the machine at the same time. */
  readonly isAlone: boolean
  readonly version?: PostgresVersion
  /** Told of each look. */
  readonly onLook?: (look: Look) => void
}

export interface Look {
  readonly second: number
  readonly workers: readonly ProcessSample[]
  readonly server: ServerSample
}

export interface SoakReport {
  readonly trends: readonly Trend[]
  readonly executions: number
  readonly perSecond: number
  readonly slotsAudited: number
  /** The largest relations at the end, with their indexes. */
  readonly relations: readonly (readonly [name: string, bytes: number])[]
  /** Everything that does not hold; empty when the soak is passed. */
  readonly faults: readonly string[]
}

/** As Postgres comes, it looks once a minute for tables to vacuum: a shorter soak would only see them grow until then. */
const LONG_MINUTES = 5
const WORKERS = 2
const LOOKS = 40
const MB = 1_048_576

export async function soak({ minutes, isAlone, version = 'system', onLook = () => undefined }: SoakOptions): Promise<SoakReport> {
  await using server = await startPostgres({
    version,
    durable: true,
    settings: { shared_buffers: '128MB', max_wal_size: '1GB', autovacuum_naptime: minutes < LONG_MINUTES ? '5s' : '1min' },
  })
  await using database = await server.createDatabase()
  const pool = new Pool({ connectionString: database.url, max: 3 })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => pool.end())
  const store = pgStore({ pool })
  stack.defer(() => store.close())
  const jobs = soakJobs(() => undefined, Math.random)
  const client = createScheduler({ store, jobs: Object.values(jobs), logger: false })
  await store.open()
  await client.schedules.setMany(jobs.poll, schedules())

  const workers: SoakWorker[] = []
  for (let index = 0; index < WORKERS; index++) workers.push(stack.use(await startSoakWorker(database.url)))
  const looks = await lookAgainAndAgain(workers, pool, minutes, onLook)

  await Promise.all(workers.map((worker) => worker.ease()))
  await client.suspend('poll', 'the end of the soak')
  await client.suspend('beat', 'the end of the soak')
  const unfinished = await untilFinished(pool)
  const tallies = await tallyUp(workers)
  const audit = await client.audit()
  const codes = await Promise.all(workers.map((worker) => worker.stop()))

  const slots = audit.proven + audit.attested
  const trends = [...sizesOf(looks), ...(isAlone ? latenciesOf(looks) : [])].map(trendOf)
  const executions = looks.flatMap((look) => look.workers).reduce((sum, sample) => sum + sample.executions, 0)
  const relations = Object.entries(looks.at(-1)?.server.relations ?? {}).sort(([, a], [, b]) => b - a)
  return {
    trends,
    executions,
    perSecond: executions / (minutes * 60),
    slotsAudited: slots,
    relations: relations.slice(0, 5),
    faults: [
      ...trends
        .filter(({ holds }) => !holds)
        .map(({ what, unit, early, late }) => `${what} grew from ${early.toFixed(1)} to ${late.toFixed(1)} ${unit}`),
      ...tallies.flatMap(({ errors, troubles }) => [...errors, ...troubles]),
      ...countsThatDiffer(tallies),
      ...standstills(looks),
      ...doubtMutex(tallies.flatMap(({ holds }) => holds)),
      ...(slots < 0.9 * expectedSlots(minutes) ? [`${slots} slots are audited, ${Math.round(expectedSlots(minutes))} have come due`] : []),
      ...(unfinished === 0 ? [] : [`${unfinished} runs do not end`]),
      ...audit.violations.map((violation) => `audit: ${JSON.stringify(violation)}`),
      ...(audit.complete ? [] : ['the audit is not complete']),
      ...codes.filter((code) => code !== 0).map((code) => `a worker ended with ${code}`),
      ...(await serverErrors(server)),
    ],
  }
}

/** One per tenant, spread over the period. */
function schedules(): readonly ScheduleSetting<undefined>[] {
  return Array.from({ length: LOAD.schedules }, (_, index) => ({
    key: `tenant-${index}`,
    schedule: every(LOAD.scheduleMs, { anchor: new Date((index * LOAD.scheduleMs) / LOAD.schedules) }),
  }))
}

async function lookAgainAndAgain(
  workers: readonly SoakWorker[],
  pool: Pool,
  minutes: number,
  onLook: (look: Look) => void,
): Promise<readonly Look[]> {
  const looks: Look[] = []
  const startedAt = performance.now()
  for (let index = 1; index <= LOOKS; index++) {
    await sleep(Math.max(0, startedAt + (index * minutes * 60_000) / LOOKS - performance.now()))
    const [server, ...samples] = await Promise.all([lookAtServer(pool), ...workers.map((worker) => worker.sample())])
    const look = { second: Math.round((performance.now() - startedAt) / 1_000), workers: samples, server }
    looks.push(look)
    onLook(look)
  }
  return looks
}

/** What may grow, and by how much. */
function sizesOf(looks: readonly Look[]): readonly Series[] {
  const ofServer = (of: (sample: ServerSample) => number): readonly number[] => looks.map(({ server }) => of(server))
  const perWorker = Array.from({ length: WORKERS }, (_, index): readonly Series[] => {
    const values = (of: (sample: ProcessSample) => number): readonly number[] =>
      looks.map(({ workers }) => of(workers[index] as ProcessSample))
    return [
      { what: `heap of worker ${index + 1}`, unit: 'MB', values: values(({ heapBytes }) => heapBytes / MB), times: 1.1, plus: 4 },
      { what: `memory of worker ${index + 1}`, unit: 'MB', values: values(({ rssBytes }) => rssBytes / MB), times: 1.15, plus: 20 },
    ]
  })
  return [
    ...perWorker.flat(),
    { what: 'memory of the server', unit: 'MB', values: ofServer(({ backendBytes }) => backendBytes / MB), times: 1.25, plus: 20 },
    { what: 'tables', unit: 'MB', values: ofServer(({ tableBytes }) => tableBytes / MB), times: 1.25, plus: 8 },
    { what: 'indexes', unit: 'MB', values: ofServer(({ indexBytes }) => indexBytes / MB), times: 1.25, plus: 8 },
    // Pruned twice a minute: in between, what has finished meanwhile comes on top.
    { what: 'finished runs kept', unit: 'rows', values: ofServer(({ finishedRuns }) => finishedRuns), times: 1.25, plus: 25_000 },
    { what: 'rows that stand', unit: 'rows', values: ofServer(({ standingRows }) => standingRows), times: 1.1, plus: 100 },
    { what: 'unfinished runs', unit: 'rows', values: ofServer(({ unfinishedRuns }) => unfinishedRuns), times: 1.5, plus: 500 },
    { what: 'connections', unit: '', values: ofServer(({ connections }) => connections), times: 1, plus: 4 },
  ]
}

function latenciesOf(looks: readonly Look[]): readonly Series[] {
  const worst = (of: (sample: ProcessSample) => number): readonly number[] => looks.map(({ workers }) => Math.max(...workers.map(of)))
  return [
    { what: 'slot to start, p50', unit: 'ms', values: worst(({ lateMs }) => lateMs.p50), times: 1.5, plus: 5 },
    { what: 'slot to start, p99', unit: 'ms', values: worst(({ lateMs }) => lateMs.p99), times: 1.5, plus: 50 },
    { what: 'trigger to start, p50', unit: 'ms', values: worst(({ startMs }) => startMs.p50), times: 1.5, plus: 5 },
    { what: 'trigger to start, p99', unit: 'ms', values: worst(({ startMs }) => startMs.p99), times: 1.5, plus: 50 },
  ]
}

const PATIENCE_MS = 60_000

/** In the second half every worker has to start slots and triggers in each look: what stands still grows nowhere. */
function standstills(looks: readonly Look[]): readonly string[] {
  return looks
    .slice(looks.length / 2)
    .flatMap(({ second, workers }) =>
      workers.flatMap(({ lateMs, startMs }, index) => [
        ...(lateMs.count === 0 ? [`worker ${index + 1} started no slot before second ${second}`] : []),
        ...(startMs.count === 0 ? [`worker ${index + 1} started no trigger before second ${second}`] : []),
      ]),
    )
}

/** Waiters that were never told would ask once a second. */
const MOST_WAIT_MS = 500

/** No two hold it at once, its fences grow, and who waits is told when it is free. */
function doubtMutex(holds: readonly Hold[]): readonly string[] {
  if (holds.length === 0) return ['the mutex was never held']
  const sorted = [...holds].sort((a, b) => a.beganAt - b.beganAt)
  const wrong = sorted.filter((hold, index) => {
    const before = sorted[index - 1]
    return before !== undefined && (hold.beganAt < before.endedAt || hold.fence <= before.fence)
  })
  const waits = holds.map(({ askedAt, beganAt }) => beganAt - askedAt).sort((a, b) => a - b)
  const p99 = quantile(waits, 0.99)
  return [
    ...(wrong.length > 0 ? [`${wrong.length} holds of the mutex overlap, or their fence did not grow: ${JSON.stringify(wrong[0])}`] : []),
    ...(p99 > MOST_WAIT_MS ? [`one in a hundred waited more than ${Math.round(p99)} ms for the mutex`] : []),
  ]
}

function expectedSlots(minutes: number): number {
  return minutes * 60_000 * (LOAD.schedules / LOAD.scheduleMs + 1 / 500)
}

/** What the last runs came to is known to the database a moment before their worker hears of it. */
async function tallyUp(workers: readonly SoakWorker[]): Promise<readonly Tally[]> {
  for (let attempt = 1; ; attempt++) {
    const tallies = await Promise.all(workers.map((worker) => worker.tally()))
    if (attempt === 50 || countsThatDiffer(tallies).length === 0) return tallies
    await sleep(100)
  }
}

/** Answers how many are left when patience ends. */
async function untilFinished(pool: Pool): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const { unfinishedRuns } = await lookAtServer(pool)
    if (unfinishedRuns === 0 || performance.now() > deadline) return unfinishedRuns
    await sleep(100)
  }
}

/** What was promised to callers has ended once each, wherever it was executed. */
function countsThatDiffer(tallies: readonly Tally[]): readonly string[] {
  const total = (of: (tally: Tally) => Readonly<Record<string, number>>, job: string): number =>
    tallies.reduce((sum, tally) => sum + (of(tally)[job] ?? 0), 0)
  const triggered = ['single', 'bulk', 'debounced', 'flaky']
  return triggered.flatMap((job) => {
    const promised = total((tally) => tally.promised, job)
    const ended = total((tally) => tally.succeeded, job) + total((tally) => tally.dead, job)
    if (promised === 0) return [`nothing of ${job} was triggered`]
    return promised === ended ? [] : [`${promised} runs of ${job} were promised, ${ended} ended`]
  })
}

async function serverErrors(server: { log(): Promise<string> }): Promise<readonly string[]> {
  const lines = (await server.log()).split('\n')
  return lines.filter((line) => /\b(?:ERROR|PANIC|FATAL):/.test(line)).slice(0, 10)
}
