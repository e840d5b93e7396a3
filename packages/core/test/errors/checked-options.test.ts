/** What authors of adapters check options with: the core's words, whichever copy of zod made the schema. */
import { describe, expect, it } from 'vitest'
import * as full from 'zod'
import * as z from 'zod/mini'
import { checkedOptions, readOptions } from '../../src/store/index.ts'

const schema = z.strictObject({
  url: z.string().check(z.maxLength(20)),
  tries: z.optional(z.number().check(z.int(), z.gte(1))),
  mode: z.optional(z.enum(['fast', 'safe'])),
  names: z.optional(z.array(z.string().check(z.regex(/^[a-z]+$/)))),
  until: z.optional(z.date()),
  either: z.optional(z.union([z.literal(false), z.array(z.number())])),
  auth: z.optional(
    z.union(
      [z.strictObject({ token: z.string() }), z.strictObject({ user: z.string(), pass: z.string() })],
      'use { token } or { user, pass }',
    ),
  ),
  by: z.optional(z.record(z.string().check(z.regex(/^[a-z]+$/, 'use small letters')), z.number())),
})
const told = (value: unknown): string => {
  const { problems } = readOptions(schema, value, { hints: { uri: 'write url' }, secret: new Set(['auth']) })
  return problems.map(({ field, message }) => `${field}: ${message}`).join('\n')
}
const url = 'x'

describe('options that are checked', () => {
  it.each<[value: unknown, words: string]>([
    [undefined, ': must be an object with any of url, tries, mode, names, until, either, auth, by; this is undefined.'],
    [{}, 'url: is missing; it must be a text.'],
    [{ url: 7 }, 'url: must be a text; this is 7.'],
    [{ url: 'x'.repeat(21) }, `url: must have at most 20 characters; this is "${'x'.repeat(21)}".`],
    [{ url, tries: 0 }, 'tries: must be 1 or more; this is 0.'],
    [{ url, mode: 'quick' }, 'mode: use "fast" or "safe"; this is "quick".'],
    [{ url, names: ['a', 'B'] }, 'names[1]: must match /^[a-z]+$/; this is "B".'],
    [{ url, until: 'soon' }, 'until: must be a Date; this is "soon".'],
    [{ url, either: true }, 'either: use false, or a list; this is true.'],
    [{ url, by: { A: 1 } }, 'by.A: its name is not usable: use small letters.'],
    [{ url, mod: 'fast' }, ': "mod" is not an option. Did you mean "mode"? Known are url, tries, mode, names, until, either, auth, by.'],
    [{ url, uri: 'y' }, ': "uri" is not an option: write url.'],
    [
      { tries: 1.5, mode: 'no' },
      'url: is missing; it must be a text.\ntries: must be a whole number; this is 1.5.\nmode: use "fast" or "safe"; this is "no".',
    ],
  ])('%j', (value, words) => {
    expect(told(value)).toBe(words)
  })

  it('keep what may be a secret to themselves, and say of several shapes what the one that was meant lacks', () => {
    expect(told({ url, auth: 'hidden' })).toBe('auth: use { token } or { user, pass }.')
    expect(told({ url, auth: { tokn: 'hidden' } })).toBe('auth: use { token } or { user, pass }.')
    expect(told({ url, auth: { user: 'hidden' } })).toBe('auth: use { token } or { user, pass }.')
    expect(told({ url, auth: { token: 7 } })).toBe('auth.token: must be a text.')
    expect(readOptions(schema, { url: 7 }, { secret: 'all' }).problems).toEqual([{ field: 'url', message: 'must be a text.' }])
  })

  it('are what the schema makes of them, or an error with every problem', () => {
    const count: number = checkedOptions(full.object({ n: full.coerce.number() }), { n: '7' }, { what: 'thing' }).n
    expect(count).toBe(7)
    expect(() => checkedOptions(schema, { tries: 0 }, { what: 'thing' })).toThrow(
      expect.objectContaining({
        code: 'InvalidOption',
        message: 'thing has invalid options:\n  url: is missing; it must be a text.\n  tries: must be 1 or more; this is 0.',
      }),
    )
  })
})
