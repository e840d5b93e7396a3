import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeText, encodeText } from '../../src/rows/text.ts'

/** Any UTF-16, with much of what matters here: U+0000, U+E000 and what may follow it, lone surrogates, backslashes. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom('\0', '\uE000', '\uD800', '\uDFFF', '\uDABC', '😀', '\\', '\\u0000', 'ud800', '0', '1', 'd', '"', '\n'),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''))
const json = fc.oneof(
  text,
  fc.array(text),
  fc.dictionary(text, text),
  fc.record({ payload: text.map((inner) => JSON.stringify({ inner })) }),
)

describe('text on its way to Postgres and back', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(decodeText(JSON.stringify(JSON.parse(encodeText(JSON.stringify(value))))))).toEqual(value)
      }),
    )
  })

  it('holds nothing on the way that Postgres refuses', () => {
    fc.assert(
      fc.property(text, (value) => {
        const stored = JSON.parse(encodeText(JSON.stringify(value))) as string
        expect(stored).not.toContain('\0')
        expect(stored.isWellFormed()).toBe(true)
      }),
    )
  })

  it('keeps different texts different', () => {
    const values = ['\0', '\uE000', '\uE0000', '\uE0001', '\0\uE000', '\uD834', '\uE000d834', 'd834', '\\u0000']
    expect(new Set(values.map((value) => encodeText(JSON.stringify(value)))).size).toBe(values.length)
  })

  it('leaves other text alone, the same string', () => {
    const value = JSON.stringify({ payload: '{"a":"\\u0000 \\ud800"}', name: 'mäil 😀 \\ " \n' })
    expect(encodeText(value)).toBe(value)
    expect(decodeText(value)).toBe(value)
  })

  it('leaves a sentinel alone that stands before nothing of ours', () => {
    expect(decodeText('"\uE000x"')).toBe('"\uE000x"')
  })
})
