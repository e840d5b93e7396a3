/** Measures of a rollup: what is computed for each group of a window, and whether larger windows can be computed from it. */
import { QuarterjackError } from '@quarterjack/core/store'

/** How the values of small windows make those of a larger one; `none`: only the source can tell. */
export type Composition = 'sum' | 'min' | 'max' | 'none'

/** A column that a measure keeps beside its value, or as its value: how it is computed from rows, and from smaller windows. */
export interface Part {
  /** Behind the measure's name; empty for the value itself. */
  readonly suffix: string
  /** An aggregate over rows of the source. `time` is the source's time column. */
  readonly fromRows: (time: string) => string
  /** The same over rows of a smaller rollup, whose columns are named by `column`; null where that is impossible. */
  readonly fromParts: ((column: (suffix: string) => string) => string) | null
}

/** What is computed: made by {@link count}, {@link sum} and their kin. */
export interface Measure {
  /** For messages. */
  readonly kind: string
  readonly parts: readonly Part[]
}

/** How many rows. Composes. */
export function count(): Measure {
  return counted('count', 'count(*)')
}

/** How many rows for which an SQL condition holds. Composes. */
export function countIf(condition: string): Measure {
  return counted('countIf', `count(*) filter (where ${sql(condition, 'countIf')})`)
}

/** The sum of an SQL expression; null when there is no value. Composes. */
export function sum(expression: string): Measure {
  return simple('sum', `sum(${sql(expression, 'sum')})`, 'sum')
}

/** The least value of an SQL expression. Composes. */
export function min(expression: string): Measure {
  return simple('min', `min(${sql(expression, 'min')})`, 'min')
}

/** The greatest value of an SQL expression. Composes. */
export function max(expression: string): Measure {
  return simple('max', `max(${sql(expression, 'max')})`, 'max')
}

/** The mean of an SQL expression. Keeps the sum and the number of values beside it, so that it composes. */
export function avg(expression: string): Measure {
  const of = sql(expression, 'avg')
  return {
    kind: 'avg',
    parts: [
      part('', `avg(${of})`, (column) => `sum(${column('__sum')}) / nullif(sum(${column('__count')})::bigint, 0)`),
      part('__sum', `sum(${of})`, (column) => `sum(${column('__sum')})`),
      part('__count', `count(${of})`, (column) => `sum(${column('__count')})::bigint`),
    ],
  }
}

/** A continuous percentile of an SQL expression, `at` between 0 and 1. Does not compose: larger windows read the source. */
export function percentile(at: number, expression: string): Measure {
  if (!(typeof at === 'number' && at >= 0 && at <= 1)) {
    throw new QuarterjackError('InvalidOption', `percentile: at ${String(at)} is not between 0 and 1. For the 95th percentile write 0.95.`)
  }
  return simple('percentile', `percentile_cont(${at}) within group (order by ${sql(expression, 'percentile')})`, 'none')
}

/** How many different values an SQL expression has. Does not compose: a value may come again in the next window. */
export function distinct(expression: string): Measure {
  return simple('distinct', `count(distinct ${sql(expression, 'distinct')})`, 'none')
}

/** The value of an SQL expression in the earliest row; of rows at the same instant, the least. Composes. */
export function first(expression: string): Measure {
  return atEdge('first', 'asc', 'min', expression)
}

/** The value of an SQL expression in the latest row; of rows at the same instant, the greatest. Composes. */
export function last(expression: string): Measure {
  return atEdge('last', 'desc', 'max', expression)
}

/** One measure divided by another, both of one part: `ratio(countIf('failed'), count())`. Null where the second is 0. Composes where both do. */
export function ratio(numerator: Measure, denominator: Measure): Measure {
  const [above, below] = [numerator, denominator].map((measure) => {
    const [only, ...more] = measure.parts
    if (only !== undefined && more.length === 0) return only
    throw new QuarterjackError(
      'InvalidOption',
      `ratio: a measure of kind ${measure.kind} cannot be divided. Use count, countIf, sum, min or max.`,
    )
  }) as [Part, Part]
  const quotient = (over: string, under: string): string => `(${over})::double precision / nullif(${under}, 0)`
  const composes = above.fromParts !== null && below.fromParts !== null
  const beside = (suffix: string, { fromRows, fromParts }: Part): Part => ({
    suffix,
    fromRows,
    fromParts: fromParts === null ? null : (column) => fromParts(() => column(suffix)),
  })
  const [num, den] = [beside('__num', above), beside('__den', below)]
  return {
    kind: 'ratio',
    parts: [
      {
        suffix: '',
        fromRows: (time) => quotient(above.fromRows(time), below.fromRows(time)),
        fromParts: composes ? (column) => quotient(num.fromParts?.(column) ?? '', den.fromParts?.(column) ?? '') : null,
      },
      num,
      den,
    ],
  }
}

/** Any aggregate, as SQL. `composes`: how values of smaller windows make a larger one's; default `none`. */
export function aggregate(expression: string, { composes = 'none' }: { readonly composes?: Composition } = {}): Measure {
  if (!['sum', 'min', 'max', 'none'].includes(composes)) {
    throw new QuarterjackError('InvalidOption', `aggregate: composes ${JSON.stringify(composes)} is not known. Use sum, min, max or none.`)
  }
  return simple('aggregate', sql(expression, 'aggregate'), composes)
}

function simple(kind: string, fromRows: string, composes: Composition): Measure {
  return { kind, parts: [part('', fromRows, composes === 'none' ? null : (column) => composed(composes, column('')))] }
}

/** A sum of `bigint` is `numeric`: counts stay what they are. */
function counted(kind: string, fromRows: string): Measure {
  return { kind, parts: [part('', fromRows, (column) => `sum(${column('')})::bigint`)] }
}

function composed(by: Exclude<Composition, 'none'>, column: string): string {
  return `${by}(${column})`
}

function atEdge(kind: string, order: 'asc' | 'desc', edge: 'min' | 'max', expression: string): Measure {
  const of = sql(expression, kind)
  return {
    kind,
    parts: [
      {
        suffix: '',
        fromRows: (time) => `(array_agg(${of} order by ${time} ${order}, ${of} ${order}))[1]`,
        fromParts: (column) => `(array_agg(${column('')} order by ${column('__at')} ${order}, ${column('')} ${order}))[1]`,
      },
      { suffix: '__at', fromRows: (time) => `${edge}(${time})`, fromParts: (column) => `${edge}(${column('__at')})` },
    ],
  }
}

function part(suffix: string, fromRows: string, fromParts: Part['fromParts']): Part {
  return { suffix, fromRows: () => fromRows, fromParts }
}

function sql(expression: string, of: string): string {
  if (typeof expression === 'string' && expression.trim() !== '') return expression
  throw new QuarterjackError('InvalidOption', `${of}: ${JSON.stringify(expression)} is not an SQL expression. Name a column, or write one.`)
}
