/** The page that shows how the hot statements are carried out, for people. */
import { MANY, FEW } from './scale-site.ts'
import type { Told } from './explained-session.ts'
import type { Looks } from './look-at-scale.ts'
import { type MeasuredVerbs, pagesOf, stepsOf } from './measure-verbs.ts'
import { planText } from './plan-text.ts'

/** Tables of a few rows, whatever is stored. */
const SMALL: ReadonlySet<unknown> = new Set(['jobs', 'owners', 'run_sequence', undefined])

/** Markdown. */
export function plansPage({ version, small, unaware, misled, fresh, analyzed }: Looks): string {
  const count = (n: number): string => n.toLocaleString('en')
  return `# Plans of the hot statements

Recorded by \`pnpm plans:pg\` on ${version}; \`plans.test.ts\` checks what matters of it (no table read whole, pages independent of what is stored), and does not compare this text.

## Pages per call

Pages of 8 KB that one call touches, in memory or not, rounded: with ${count(FEW * 10)} finished runs and ${count(FEW)} schedules, then with ${count(MANY * 10)} and ${count(MANY)}: in sessions whose plans are from before the tables grew, made while the server knew nothing of them or knew them as small; in a new session, without statistics of what was added; and in a new one after \`vacuum analyze\`. Calls carry 10 to 20 runs each; lists have 50. Lists (\`runs.find\`) are planned by the server's statistics, which autovacuum keeps; all else is not.

| verb | small | large: unaware | misled | new | vacuumed |
|---|--:|--:|--:|--:|--:|
${[...analyzed]
  .map(
    ([verb, { pages }]) =>
      `| ${[verb, ...[small, unaware.many, misled.many, fresh.many].map((look) => rounded(look.get(verb)?.pages ?? 0)), rounded(pages)].join(' | ')} |`,
  )
  .join('\n')}

## Statements

On the large tables, vacuumed. Each statement stands under the verb that came to it first; those that only touch tables of a few rows are left out. Pages of statements are rounded to one digit. \`$1\` and the like are parameters and variables of the function.

${statementsOf(analyzed)}
`
}

function statementsOf(verbs: MeasuredVerbs): string {
  const seen = new Set<string>()
  const isNew = ({ text }: Told): boolean => !seen.has(text) && seen.add(text) !== undefined
  return [...verbs]
    .map(([verb, { statements }]) => {
      const shown = statements.filter((told) => isNew(told) && stepsOf(told.plan).some((step) => !SMALL.has(step['Relation Name'])))
      return [`### ${verb}`, ...(shown.length === 0 ? ['Nothing that is not above.'] : shown.map(statementText))].join('\n\n')
    })
    .join('\n\n')
}

function statementText({ text, plan }: Told): string {
  return `\`\`\`sql\n${dedented(text)}\n\`\`\`\n\n\`\`\`text\n${planText(plan)}\n\`\`\`\n\nPages: about ${rounded(pagesOf(plan), 1)}.`
}

function dedented(text: string): string {
  const lines = text
    .replace(/^\s*\n/, '')
    .trimEnd()
    .split('\n')
  const margin = Math.min(
    ...lines
      .slice(lines[0]?.startsWith(' ') ? 0 : 1)
      .filter((line) => line.trim() !== '')
      .map((line) => line.length - line.trimStart().length),
  )
  return lines.map((line) => (line.slice(0, margin).trim() === '' ? line.slice(margin) : line)).join('\n')
}

function rounded(pages: number, digits = 2): string {
  return String(Number(pages.toPrecision(digits)))
}
