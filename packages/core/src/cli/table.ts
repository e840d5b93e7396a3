/** Aligned columns for people: tables and lists of fields, cut to the terminal's width. */
import { displayWidth, printable, truncate } from './display-width.ts'

/** Where text is printed. */
export interface Layout {
  /** Columns of the terminal; `null` when the output is not a terminal: nothing is cut. */
  readonly width: number | null
}

/** One column of a table of `T`. */
export interface Column<T> {
  readonly title: string
  readonly value: (row: T) => string
  readonly align?: 'left' | 'right'
  /** May be cut when the table is too wide. */
  readonly flex?: boolean
  /** Left out when it is empty in every row. */
  readonly optional?: boolean
}

const GAP = '  '
const MIN_FLEX = 8
const LONGEST_GRAPHEME = 16

/** A table with a line of titles. Flexible columns are cut first, then whole lines. */
export function renderTable<T>(rows: readonly T[], columns: readonly Column<T>[], layout: Layout): string {
  const filled = columns
    .map((column) => ({ column, cells: rows.map((row) => readCell(column, row, layout)) }))
    .filter(({ column, cells }) => column.optional !== true || cells.some((cell) => cell !== ''))
  const natural = filled.map(({ column, cells }) => Math.max(column.title.length, ...cells.map(displayWidth)))
  const widths = fitWidths(
    natural,
    filled.map(({ column }) => column.flex === true),
    layout.width,
  )
  const line = (cellOf: (index: number) => string): string => {
    const parts = filled.map(({ column }, index) => pad(cellOf(index), widths[index] ?? 0, column.align))
    return cut(parts.join(GAP).trimEnd(), layout)
  }
  const titles = line((index) => filled[index]?.column.title ?? '')
  return [titles, ...rows.map((_, row) => line((index) => filled[index]?.cells[row] ?? ''))].join('\n')
}

/** `label  value` lines; values of several lines are indented. */
export function renderFields(fields: readonly (readonly [label: string, value: string])[], layout: Layout): string {
  const width = Math.max(0, ...fields.map(([label]) => label.length))
  const indent = ' '.repeat(width + GAP.length)
  return fields
    .flatMap(([label, value]) =>
      printable(value, true)
        .split('\n')
        .map((text, index) => cut(`${index === 0 ? label.padEnd(width) + GAP : indent}${text}`.trimEnd(), layout)),
    )
    .join('\n')
}

// A payload or error may be long: measure no more of it than could ever be shown.
function readCell<T>({ flex, value }: Column<T>, row: T, { width }: Layout): string {
  const text = value(row)
  return printable(flex === true && width !== null ? text.slice(0, width * LONGEST_GRAPHEME) : text)
}

function fitWidths(natural: readonly number[], flex: readonly boolean[], width: number | null): readonly number[] {
  if (width === null) return natural
  const widths = natural.map((one, index) => (flex[index] ? Math.min(one, width) : one))
  const total = (): number => widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1)
  for (let over = total() - width; over > 0; over -= 1) {
    let widest = -1
    for (let index = 0; index < widths.length; index += 1) {
      const size = widths[index] ?? 0
      if (flex[index] && size > MIN_FLEX && size > (widths[widest] ?? 0)) widest = index
    }
    if (widest < 0) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

function pad(cell: string, width: number, align: 'left' | 'right' = 'left'): string {
  const text = truncate(cell, width)
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'right' ? space + text : text + space
}

function cut(line: string, layout: Layout): string {
  return layout.width === null ? line : truncate(line, layout.width)
}
