/** A plan as text that two recordings have in common: no costs, no times, no counts. */
import type { PlanNode } from './explained-session.ts'

/** What says how rows are found and put together, in the order in which it is told. */
const FACTS = [
  ['Index Cond', 'where'],
  ['Recheck Cond', 'again where'],
  ['Hash Cond', 'on'],
  ['Merge Cond', 'on'],
  ['Join Filter', 'on'],
  ['Filter', 'only'],
  ['One-Time Filter', 'only if'],
  ['Sort Key', 'by'],
] as const

/** One line per step, indented. */
export function planText(plan: PlanNode, depth = 0): string {
  const facts = FACTS.flatMap(([name, word]) => (plan[name] === undefined ? [] : [` ${word} ${short(plan[name])}`]))
  const subplan = plan['Subplan Name'] === undefined ? '' : `${String(plan['Subplan Name'])}: `
  const line = `${'  '.repeat(depth)}${subplan}${kindOf(plan)}${placeOf(plan)}${facts.join('')}`
  return [line, ...(plan.Plans ?? []).map((step) => planText(step, depth + 1))].join('\n')
}

function kindOf(plan: PlanNode): string {
  const kind = plan['Node Type']
  if (kind === 'ModifyTable') return String(plan['Operation'])
  const direction = plan['Scan Direction'] === 'Backward' ? ' Backward' : ''
  const joins = plan['Join Type'] === undefined || plan['Join Type'] === 'Inner' ? '' : ` ${String(plan['Join Type'])}`
  return `${kind}${direction}${joins}`
}

function placeOf(plan: PlanNode): string {
  const place = plan['Relation Name'] ?? plan['CTE Name'] ?? plan['Function Name']
  const index = plan['Index Name'] === undefined ? '' : ` by ${plan['Index Name']}`
  return place === undefined ? index : ` on ${String(place)}${index}`
}

const MOST_CHARACTERS = 200

function short(fact: unknown): string {
  const text = Array.isArray(fact) ? fact.join(', ') : String(fact)
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`
}
