/** From options of a rollup to what its statements are written from. Pure. */
import { QuarterjackError } from '@quarterjack/core/store'
import type { Measure } from './measure.ts'
import type { CheckedComposed, CheckedFree, CheckedSource } from './rollup-options.ts'
import type { PlannedRollup } from './rollup-plan.ts'
import { quoteTable } from '../client/table-name.ts'

/** No column of a user's: those have no upper case behind a double underscore. */
const ROWS = '__ROWS'

/** A column of the target, and the SQL behind it. */
type Column = readonly [name: string, sql: string]

/** From rows of a table. */
export function planSource(options: CheckedSource): PlannedRollup {
  const { windowColumn, measures } = options
  const groups = options.by.flatMap((one): readonly Column[] => (typeof one === 'string' ? [[one, `r."${one}"`]] : Object.entries(one)))
  const by = groups.map(([name]) => name)
  const time = `r."${options.time}"`
  const columns = columnsOf(measures)
  const names = columns.map(({ name }) => name)
  checkNames(windowColumn, by, names)
  const zone = options.timeZone === undefined ? '' : ` at time zone '${options.timeZone}'`
  // Edges are turned into the column's type, never the column into theirs: its index is of use.
  const edge = (name: string): string => (zone === '' ? `w.${name}` : `(w.${name}${zone})`)
  const source = quoteTable(options.source)
  const rows = [
    `from windows w join ${source} r on ${time} >= ${edge('window_start')} and ${time} < ${edge('window_end')}`,
    ...(options.where === undefined ? [] : [`where (${options.where})`]),
  ]
  const values = columns.map(({ name, part }): Column => [name, part.fromRows(time)])
  const select = selectOf(windowColumn, groups, values, rows)
  const oldest = options.guard === 'oldest' ? `select min(${time})${zone} from ${source} r where ${time} > '-infinity'` : null
  return { plan: { target: options.target, windowColumn, keys: by, select, rowsColumn: ROWS, oldest }, parts: { by, measures } }
}

/** From a finer rollup. */
export function planComposed(options: CheckedComposed): PlannedRollup {
  const { from, windowColumn } = options
  if (from.parts === null) {
    throw new QuarterjackError(
      'InvalidOption',
      'sqlRollup: from: a rollup with a select of its own cannot be composed. Give this one a source, or a select, as well.',
    )
  }
  const { by: known, measures: all } = from.parts
  const by = options.by ?? known
  for (const name of by) mustHave(known, name, 'by')
  const names = options.measures ?? Object.keys(all)
  for (const name of names) mustHave(Object.keys(all), name, 'measures')
  const measures = Object.fromEntries(names.map((name) => [name, all[name] as Measure]))
  const columns = columnsOf(measures)
  const columnNames = columns.map(({ name }) => name)
  checkNames(windowColumn, by, columnNames)
  const values = columns.map(({ name, measure: of, part }): Column => {
    const compose = part.fromParts
    if (compose !== null) return [name, compose((suffix) => `r."${of}${suffix}"`)]
    throw new QuarterjackError(
      'InvalidOption',
      `sqlRollup: measures: ${of} is a ${all[of]?.kind}, which cannot be put together from smaller windows. Leave it out, or make this rollup from the source.`,
    )
  })
  const start = `r."${from.plan.windowColumn}"`
  const rows = [`from windows w join ${quoteTable(from.plan.target)} r on ${start} >= w.window_start and ${start} < w.window_end`]
  const groups = by.map((name): Column => [name, `r."${name}"`])
  const select = selectOf(windowColumn, groups, values, rows)
  return { plan: { target: options.target, windowColumn, keys: by, select, rowsColumn: ROWS, oldest: null }, parts: { by, measures } }
}

/** The user's own SELECT. */
export function planFree({ target, windowColumn, key, select }: CheckedFree): PlannedRollup {
  checkNames(windowColumn, key, [])
  return { plan: { target, windowColumn, keys: key, select: select.replace(/;\s*$/, ''), rowsColumn: null, oldest: null }, parts: null }
}

function selectOf(windowColumn: string, groups: readonly Column[], values: readonly Column[], rows: readonly string[]): string {
  const all: readonly Column[] = [[windowColumn, 'w.window_start'], ...groups, ...values, [ROWS, 'count(*)']]
  const columns = all.map(([name, of]) => `  ${of} as "${name}"`)
  const places = Array.from({ length: groups.length + 1 }, (_, index) => index + 1)
  return ['select', columns.join(',\n'), ...rows, `group by ${places.join(', ')}`].join('\n')
}

function columnsOf(measures: Readonly<Record<string, Measure>>) {
  return Object.entries(measures).flatMap(([name, { parts }]) =>
    parts.map((part) => ({ name: `${name}${part.suffix}`, measure: name, part })),
  )
}

function mustHave(names: readonly string[], name: string, option: string): void {
  if (names.includes(name)) return
  throw new QuarterjackError(
    'InvalidOption',
    `sqlRollup: ${option}: the finer rollup has no "${name}". It has ${names.join(', ') || 'none'}.`,
  )
}

function checkNames(windowColumn: string, keys: readonly string[], values: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of [windowColumn, ...keys, ...values]) {
    if (seen.has(name)) {
      throw new QuarterjackError(
        'InvalidOption',
        `sqlRollup: "${name}" names two columns of the target. Rename one of the groups or measures.`,
      )
    }
    seen.add(name)
  }
}
