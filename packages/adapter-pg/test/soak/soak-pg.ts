/** `pnpm soak:pg [--minutes 10] [--version system|embedded]`: exits with 1 if anything does not hold. */
import { parseArgs } from 'node:util'
import { soak, type Look, type SoakReport } from './soak.ts'
import { LOAD } from './soak-plan.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, version: { type: 'string', default: 'system' } },
})
const minutes = Number(values.minutes)
const { version } = values
if (!(minutes > 0) || (version !== 'system' && version !== 'embedded')) {
  console.error('Write: pnpm soak:pg [--minutes 10] [--version system|embedded]')
  process.exit(2)
}

const MB = 1_048_576

console.log(
  `Two workers on one Postgres for ${minutes} min: ${LOAD.schedules} schedules every ${LOAD.scheduleMs} ms; of each worker a trigger every ` +
    `${LOAD.singleMs} ms, ${LOAD.bulk} in bulk every ${LOAD.bulkMs} ms, debounced ones, failing ones, and a mutex.`,
)
console.log('     s   runs/s   heap MB    rss MB   tables MB  indexes MB  dead rows    kept  slot p50/p99 ms  trigger p50/p99 ms')
let seen = 0
const report = await soak({ minutes, isAlone: true, version, onLook: print })
summarise(report)
process.exitCode = report.faults.length === 0 ? 0 : 1

function print({ second, workers, server }: Look): void {
  const most = (of: (worker: (typeof workers)[number]) => number): number => Math.max(...workers.map(of))
  const executions = workers.reduce((sum, worker) => sum + worker.executions, 0)
  const cells = [
    String(second).padStart(6),
    (executions / Math.max(1, second - seen)).toFixed(0).padStart(8),
    (most(({ heapBytes }) => heapBytes) / MB).toFixed(1).padStart(9),
    (most(({ rssBytes }) => rssBytes) / MB).toFixed(0).padStart(9),
    (server.tableBytes / MB).toFixed(1).padStart(11),
    (server.indexBytes / MB).toFixed(1).padStart(11),
    String(server.deadTuples).padStart(10),
    String(server.finishedRuns).padStart(7),
    `${most(({ lateMs }) => lateMs.p50)}/${most(({ lateMs }) => lateMs.p99)}`.padStart(16),
    `${most(({ startMs }) => startMs.p50)}/${most(({ startMs }) => startMs.p99)}`.padStart(19),
  ]
  console.log(cells.join(' '))
  seen = second
}

function summarise({ trends, executions, perSecond, slotsAudited, relations, faults }: SoakReport): void {
  console.log('')
  for (const { what, unit, early, late, peak, bound, holds } of trends) {
    const figures = `${early.toFixed(1)} → ${late.toFixed(1)} ${unit} (peak ${peak.toFixed(1)}, bound ${bound.toFixed(1)})`
    console.log(`${holds ? 'holds ' : 'GREW  '}  ${what.padEnd(24)} ${figures}`)
  }
  console.log(`\nlargest: ${relations.map(([name, bytes]) => `${name} ${(bytes / MB).toFixed(1)} MB`).join(', ')}`)
  console.log(`${executions} executions, ${perSecond.toFixed(0)} per second; ${slotsAudited} slots audited`)
  for (const fault of faults) console.log(`FAULT: ${fault}`)
  console.log(faults.length === 0 ? 'soak: holds' : `soak: ${faults.length} faults`)
}
