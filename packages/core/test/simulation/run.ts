/** `pnpm sim [--seeds N] [--from S]`: many seeds, on every core. `pnpm sim --seed S [--trace]`: one, with its history. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { ownSubject } from './own-subject.ts'
import { simulate, type SimulationResult } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean' },
    workers: { type: 'string' },
  },
})

const totals = { seconds: 0, events: 0, slots: 0, executions: 0, triggers: 0, replicas: 0 }
let done = 0
let failed = 0
const startedAt = performance.now()

if (values.seed === undefined) await simulateMany(number('from', 1), number('seeds', 200))
else {
  const trace = values.trace === true ? { trace: (line: string) => console.log(line) } : {}
  take(await simulate({ seed: number('seed', 1), subject: ownSubject, ...trace }))
}

const { seconds, events, slots, executions, triggers, replicas } = totals
console.log(
  `${done} seeds, ${failed} failed, ${((performance.now() - startedAt) / 1_000).toFixed(1)} s: ` +
    `${(seconds / 3_600).toFixed(1)} h of fake time, ${replicas} processes, ${slots} slots proven, ${executions} executions, ${triggers} triggers, ${events} events`,
)
process.exitCode = failed > 0 ? 1 : 0

async function simulateMany(from: number, count: number): Promise<void> {
  const threads = Math.min(number('workers', availableParallelism()), count)
  await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), {
        workerData: { from: from + thread, to: from + count, step: threads },
      })
      worker.on('message', take)
      return new Promise<void>((resolve, reject) => {
        worker.once('error', reject)
        worker.once('exit', () => resolve())
      })
    }),
  )
}

function take(result: SimulationResult): void {
  done++
  for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key]
  if (done % 1_000 === 0) console.log(`… ${done} seeds, ${failed} failed`)
  if (result.violations.length === 0) return
  failed++
  for (const { invariant, detail, atS } of result.violations.slice(0, 3))
    console.log(`seed ${result.seed}, after ${atS} s: ${invariant}: ${detail}`)
  console.log(`  replay: pnpm sim --seed ${result.seed} --trace`)
}

function number(option: 'seeds' | 'from' | 'seed' | 'workers', fallback: number): number {
  const value = values[option]
  if (value === undefined) return fallback
  const parsed = Number(value)
  if (!Number.isInteger(parsed) || parsed < 1) throw new Error(`--${option}: ${JSON.stringify(value)} is not a whole number from 1.`)
  return parsed
}
