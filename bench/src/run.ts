/**
 * `pnpm bench [scenario …] [--quick] [--rounds N] [--only TEXT] [--json FILE] [--aof] [--ioredis]`: us and the peers, interleaved,
 * in one run. `--only`: the rows whose set-up begins with this text.
 * `--aof`: Redis appends what is written to a file, synced every second. `--ioredis`: ours and the bare scripts take part
 * through that client as well, beside node-redis.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { backfill } from './backfill/scenario.ts'
import { capture } from './capture/scenario.ts'
import { summarise, type Figure, type Sample } from './figure.ts'
import { http } from './http/scenario.ts'
import { idle } from './idle/scenario.ts'
import { importTime } from './import/scenario.ts'
import { pgLatency } from './latency/pg-scenario.ts'
import { redisLatency } from './latency/redis-scenario.ts'
import { memorySchedules } from './memory-schedules/scenario.ts'
import { mutex } from './mutex/scenario.ts'
import { machineLine, printFigures, printSetUps } from './report.ts'
import { rollupRefresh } from './rollup-refresh/scenario.ts'
import { rollupState } from './rollup-state/scenario.ts'
import type { Scenario } from './scenario.ts'
import { pgSlots } from './slots/pg-scenario.ts'
import { redisSlots } from './slots/redis-scenario.ts'
import { takeover } from './takeover/scenario.ts'
import { pgThroughput } from './throughput/pg-scenario.ts'
import { redisThroughput } from './throughput/redis-scenario.ts'

const SCENARIOS: readonly Scenario[] = [
  memorySchedules,
  importTime,
  pgThroughput,
  pgLatency,
  pgSlots,
  redisThroughput,
  redisLatency,
  redisSlots,
  mutex,
  takeover,
  idle,
  rollupRefresh,
  capture,
  backfill,
  rollupState,
  http,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string', default: '' },
    aof: { type: 'boolean', default: false },
    ioredis: { type: 'boolean', default: false },
  },
})
const unknown = positionals.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name))
if (unknown.length > 0) {
  console.error(`No scenario ${unknown.join(', ')}. There are: ${SCENARIOS.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}
if (values.json !== undefined) writeFileSync(values.json, '')
console.log(machineLine())

for (const scenario of SCENARIOS) {
  if (positionals.length > 0 && !positionals.includes(scenario.name)) continue
  const rounds = values.rounds === undefined ? scenario.rounds[values.quick ? 'quick' : 'full'] : Number(values.rounds)
  console.log(
    `\n${scenario.name}: ${scenario.about} (${rounds} interleaved round${rounds === 1 ? '' : 's'}, load ${loadavg()[0]?.toFixed(1)})`,
  )
  const figures = await measure(scenario, rounds)
  printFigures(figures)
  if (values.json !== undefined) for (const figure of figures) appendFileSync(values.json, `${JSON.stringify(figure)}\n`)
}

async function measure(scenario: Scenario, rounds: number): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack()
  const contenders = (await scenario.contenders(stack, values)).filter(
    ({ isSlow, config }) => config.startsWith(values.only) && !(values.quick && isSlow === true),
  )
  printSetUps(contenders)
  const samples = contenders.map((): Sample[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      try {
        samples[index]?.push(await contender.measure(values.quick))
      } catch (error) {
        console.error(`  ${contender.peer}, ${contender.config}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  return contenders.flatMap((contender, index) =>
    summarise(scenario.name, contender.peer, contender.version, contender.config, samples[index] ?? []),
  )
}
