/** `pnpm sim`: many seeds, or one with its history. */
import { parseArgs } from 'node:util'
import { ownSubject } from './own-subject.ts'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' }, trace: { type: 'boolean' } },
})

const one = values.seed === undefined ? null : Number(values.seed)
const from = one ?? Number(values.from ?? 1)
const count = one === null ? Number(values.seeds ?? 200) : 1
let failed = 0
const totals = { seconds: 0, events: 0, slots: 0, executions: 0, triggers: 0 }
const startedAt = performance.now()
for (let seed = from; seed < from + count; seed++) {
  const result = await simulate({ seed, subject: ownSubject, ...(values.trace === true ? { trace: (line: string) => console.log(line) } : {}) })
  for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key]
  if (result.violations.length === 0) continue
  failed++
  for (const { invariant, detail, atS } of result.violations.slice(0, 3)) console.log(`seed ${seed}, ${atS} s: ${invariant}: ${detail}`)
  console.log(`  replay: pnpm sim --seed ${seed} --trace`)
}
console.log(`${count} seeds, ${failed} failed, ${Math.round(performance.now() - startedAt)} ms`, JSON.stringify(totals))
process.exitCode = failed > 0 ? 1 : 0
