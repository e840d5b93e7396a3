import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayWidth, printable, printableJson, truncate } from '../../src/cli/display-width.ts'
import { type Column, renderFields, renderTable } from '../../src/cli/table.ts'

interface Row {
  readonly id: string
  readonly text: string
  readonly count: number
}

const columns: readonly Column<Row>[] = [
  { title: 'ID', value: (row) => row.id },
  { title: 'TEXT', value: (row) => row.text, flex: true, optional: true },
  { title: 'COUNT', value: (row) => String(row.count), align: 'right' },
]

describe('renderTable', () => {
  it('aligns columns, numbers to the right', () => {
    const rows = [
      { id: 'a', text: 'short', count: 7 },
      { id: 'bcd', text: 'a longer text', count: 1234 },
    ]
    expect(renderTable(rows, columns, { width: null }).split('\n')).toEqual([
      'ID   TEXT           COUNT',
      'a    short              7',
      'bcd  a longer text   1234',
    ])
  })

  it('leaves out an optional column that is empty everywhere', () => {
    expect(renderTable([{ id: 'a', text: '', count: 1 }], columns, { width: null })).toBe('ID  COUNT\na       1')
  })

  it('cuts the flexible column first and keeps the others whole', () => {
    const table = renderTable([{ id: 'id-1', text: 'x'.repeat(100), count: 5 }], columns, { width: 30 })
    expect(table.split('\n')).toEqual(['ID    TEXT               COUNT', `id-1  ${'x'.repeat(16)}…      5`])
  })

  it('stays within the width, whatever the cells', () => {
    const row = fc.record({
      id: fc.string({ unit: 'grapheme', maxLength: 20 }),
      text: fc.string({ unit: 'grapheme', maxLength: 300 }),
      count: fc.nat(),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 10, max: 120 }), (rows, width) => {
        const lines = renderTable(rows, columns, { width }).split('\n')
        expect(lines).toHaveLength(rows.length + 1)
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width)
      }),
    )
  })

  it('stored text cannot steer the terminal', () => {
    const table = renderTable([{ id: '\u001b[31m', text: 'two\nlines\u202e', count: 1 }], columns, { width: null })
    expect(table).toContain('\\u001b[31m')
    expect(table).toContain('two lines\\u202e')
    expect(table.split('\n')).toHaveLength(2)
  })
})

describe('renderFields', () => {
  it('indents further lines below the value', () => {
    const fields: readonly (readonly [string, string])[] = [
      ['a', '1'],
      ['error', 'Error: x\n    at y'],
    ]
    expect(renderFields(fields, { width: null }).split('\n')).toEqual(['a      1', 'error  Error: x', '           at y'])
  })
})

describe('display width', () => {
  it.each([
    ['plain', 5],
    ['日本', 4],
    ['🚀 go', 5],
    ['❤️', 2],
    ['e\u0301', 1],
    ['', 0],
  ])('%j takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })

  it('cuts between graphemes', () => {
    expect(truncate('日本語', 5)).toBe('日本…')
    expect(truncate('日本語', 4)).toBe('日…')
    expect(truncate('abc', 3)).toBe('abc')
    expect(truncate('abcd', 3)).toBe('ab…')
  })

  it('printable text holds no control character but the permitted line break', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.integer({ min: 0, max: 0x2100 }).map((code) => String.fromCodePoint(code)) }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\u2028-\u202e]/u)
        expect(printable(text, true).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028-\u202e]/u)
      }),
    )
  })

  it('printable JSON says the same as the value, without C1 controls', () => {
    const json = printableJson({ text: '\u009b31m\u001b' })
    expect(json).not.toMatch(/[\u007f-\u009f]/)
    expect(JSON.parse(json)).toEqual({ text: '\u009b31m\u001b' })
  })
})
