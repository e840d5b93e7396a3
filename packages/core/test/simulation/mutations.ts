/** `pnpm sim:mutations`: does the simulation find bugs? A table of bugs, and of the seed that found each. */
import { parseArgs } from 'node:util'
import { hunt } from './hunt.ts'
import { MORE_MUTANTS, MUTANTS } from './mutants.ts'

const { values } = parseArgs({
  options: { bound: { type: 'string' }, only: { type: 'string' }, from: { type: 'string' }, detail: { type: 'boolean' } },
})
const bound = Number(values.bound ?? 300)
const chosen = [...MUTANTS, ...MORE_MUTANTS]
  .filter(({ name }) => values.only === undefined || name.includes(values.only))
  .slice(Number(values.from ?? 0))

const row = (mutant: string, seeds: string, invariant: string): string => `${mutant.padEnd(54)} ${seeds.padStart(5)}  ${invariant}`
console.log(row('mutation', 'seeds', 'found by'))
const startedAt = performance.now()
let survivors = 0
for (const mutant of chosen) {
  const { seeds, caught } = await hunt(mutant, bound)
  if (caught === null) survivors++
  console.log(row(mutant.name, String(seeds), caught === null ? 'SURVIVED' : caught.invariant))
  if (values.detail === true && caught !== null) console.log(`    ${caught.detail.split('\n', 1)[0]}`)
}
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
console.log(`${chosen.length} mutations, ${survivors} survived ${bound} seeds, ${seconds} s`)
process.exitCode = survivors > 0 ? 1 : 0
