/** One project per package and example; workspace packages resolve to their sources, so tests need no build. */
import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const conditions = ['@quarterjack/source', 'module', 'node', 'development|production']
const folders = ['packages', 'examples'].flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`))
const report = process.env.QJ_TEST_REPORT
// Generous: a slow machine is no failure. Core's tests wait for nothing real.
const timeouts: Readonly<Record<string, number>> = { full: 600_000, soak: 0 }

/** Files that only the fuller tiers run, each with what they add there. */
const LEFT_TO_FULL = {
  'packages/adapter-http/test/frameworks/next.test.ts': 'the recipe for Next.js in a built application; Next is fetched for it',
  'packages/adapter-pg/test/conformance/pgbouncer.test.ts': 'the store contract by way of PgBouncer',
  'packages/adapter-pg/test/conformance/postgres-js.test.ts': 'the store contract by way of postgres.js',
  'packages/adapter-pg/test/faults/older-state.test.ts': 'a Postgres that is replaced by what it was before',
  'packages/adapter-pg/test/store/pooler.test.ts': 'whole schedulers by way of PgBouncer',
  'packages/adapter-pg/test/scale/plans.test.ts':
    'plans and pages of the hot statements over 1,000,000 finished runs and 100,000 schedules',
  'packages/adapter-pg/test/rollup/months.test.ts': '5,000,000 rows over sixty days, on the oldest and the newest Postgres',
  'packages/adapter-pg/test/soak/soak.test.ts': 'a minute of work of every kind, of which nothing may grow',
  'packages/adapter-pg/test/faults/lines.test.ts': 'cut, slow and one-way lines to Postgres',
  'packages/adapter-pg/test/faults/read-only.test.ts': 'a Postgres that refuses writes, or has no space',
  'packages/adapter-pg/test/faults/clock.test.ts': 'processes whose clocks are hours off',
  'packages/adapter-pg/test/faults/mutex.test.ts': 'the mutex between processes that are killed and frozen',
  'packages/adapter-pg/test/faults/kill-storm.test.ts': 'many kills of many processes',
  'packages/adapter-pg/test/faults/race.test.ts': 'many processes racing for slots',
  'packages/adapter-pg/test/conformance/embedded.test.ts': 'the store contract on the newest Postgres, beside the oldest',
  'packages/adapter-pg/test/store/commit-faults.test.ts': 'commitWith where connections, processes and answers are lost',
  'packages/adapter-pg/test/store/small-pool.test.ts': 'a pool of two connections that handlers take for themselves',
  'packages/adapter-pg/test/store/tls.test.ts': 'a Postgres that takes connections over TLS only',
  'packages/adapter-pg/test/store/time-limits.test.ts': 'a database user with a statement_timeout of a second',
  'packages/adapter-pg/test/faults/server-clock.test.ts': 'a Postgres whose clock is set, under processes',
  'packages/adapter-redis/test/faults/data-loss.test.ts': 'a Redis that loses its data under processes',
  'packages/adapter-redis/test/conformance/cluster-ioredis.test.ts': 'the store contract on a cluster by way of ioredis',
  'packages/adapter-redis/test/conformance/resp2.test.ts': 'the store contract with RESP2',
  'packages/adapter-redis/test/client/cluster.test.ts': 'clusters that move slots and lose nodes, below the store',
  'packages/adapter-redis/test/client/sentinel.test.ts': 'failovers by Sentinel, below the store',
  'packages/adapter-redis/test/faults/restart.test.ts': 'a Redis with an append-only file that restarts',
  'packages/adapter-redis/test/faults/schedule-entries.test.ts': 'runs that are cancelled before they start: slots go on',
  'packages/adapter-redis/test/faults/refused-writes.test.ts': 'a Redis that is full, reads only, or cannot save',
  'packages/adapter-redis/test/faults/client-kill.test.ts':
    'connections to Redis that are killed, and scripts that are flushed, all the time',
  'packages/adapter-redis/test/faults/lost-replies.test.ts': 'lines to Redis that lose replies',
  'packages/adapter-redis/test/faults/mutex.test.ts': 'the mutex on Redis between processes that are killed and frozen',
  'packages/adapter-redis/test/faults/kill-storm.test.ts': 'many kills of many processes on Redis',
  'packages/adapter-redis/test/faults/rollups.test.ts': 'rollups on Redis whose processes are killed, and whose store does not answer',
  'packages/adapter-redis/test/faults/race.test.ts': 'many processes racing for slots on Redis',
  'packages/adapter-redis/test/faults/lost-keys.test.ts': 'keys of the store on Redis that are deleted, one by one',
}
/** Tests with processes of their own, which look at how long things take: one file at a time, with nothing beside it, as examples are. */
const PROCESSES = [
  ...['faults', 'scale', 'soak', 'store'].map((tests) => `packages/adapter-pg/test/${tests}/**/*.test.ts`),
  ...['faults', 'loss'].map((tests) => `packages/adapter-redis/test/${tests}/**/*.test.ts`),
]

const isFull = ['full', 'soak'].includes(process.env.QJ_TEST_TIER ?? '')
const leftOut: readonly string[] = isFull ? [] : Object.keys(LEFT_TO_FULL)
if (!isFull) for (const [file, what] of Object.entries(LEFT_TO_FULL)) console.info(`left to test:full: ${what} (${file})`)

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    hookTimeout: 120_000,
    testTimeout: timeouts[process.env.QJ_TEST_TIER ?? ''] ?? 30_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [...folders, 'fault-kit', 'scripts', 'site']
      .filter((folder) => existsSync(`${folder}/test`))
      .flatMap((folder) => {
        const own = PROCESSES.filter((tests) => tests.startsWith(`${folder}/`))
        return [
          project({
            name: folder,
            include: [`${folder}/test/**/*.test.ts`],
            exclude: [...leftOut, ...own],
            maxWorkers: folder.startsWith('examples/') ? 1 : '100%',
            // Core keeps nothing for all of a process: its tests can share one, which saves a third of their time.
            isolate: folder !== 'packages/core',
          }),
          ...(own.length === 0
            ? []
            : [project({ name: `${folder} processes`, include: own, exclude: leftOut, maxWorkers: 1, isolate: true })]),
        ]
      }),
  },
})

interface Project {
  readonly name: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly maxWorkers: number | '100%'
  /** Whether each file has a process of its own. */
  readonly isolate: boolean
}

/** What wants the machine for itself comes after the rest. */
function project({ name, include, exclude, maxWorkers, isolate }: Project) {
  const sequence = { groupOrder: maxWorkers === 1 ? 1 : 0 }
  return { extends: true as const, test: { name, include: [...include], exclude: [...exclude], maxWorkers, isolate, sequence } }
}
