import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { REDACTED, redact } from '../../src/observe/redact.ts'

describe('redact', () => {
  it.each([
    ['a key', { token: 'x', other: 1 }, ['token'], { token: REDACTED, other: 1 }],
    ['a nested key', { user: { email: 'x', id: 1 } }, ['user.email'], { user: { email: REDACTED, id: 1 } }],
    [
      'every item',
      { items: [{ secret: 1, a: 1 }, { secret: 2 }, 3] },
      ['items.*.secret'],
      { items: [{ secret: REDACTED, a: 1 }, { secret: REDACTED }, 3] },
    ],
    ['every key', { by: { a: { pin: 1 }, b: { pin: 2 } } }, ['by.*.pin'], { by: { a: { pin: REDACTED }, b: { pin: REDACTED } } }],
    ['one item', { items: ['a', 'b'] }, ['items.1'], { items: ['a', REDACTED] }],
    ['items without a star', { users: [{ email: 'x' }] }, ['users.email'], { users: [{ email: REDACTED }] }],
    ['a whole object', { auth: { a: 1 } }, ['auth'], { auth: REDACTED }],
    ['null and false too', { a: null, b: false }, ['a', 'b'], { a: REDACTED, b: REDACTED }],
    ['an array at the top', [{ token: 1 }], ['*.token'], [{ token: REDACTED }]],
    ['several paths, one inside the other', { a: { b: 1, c: 2 } }, ['a.b', 'a'], { a: REDACTED }],
    ['nothing that is not there', { a: 1 }, ['b', 'a.b.c', 'toString', 'constructor.name'], { a: 1 }],
    ['no part of a scalar', 'text', ['length'], 'text'],
    ['null', null, ['a'], null],
  ])('masks %s', (_, value, paths, expected) => {
    const before = structuredClone(value)
    expect(redact(value, paths)).toEqual(expected)
    expect(value).toEqual(before)
  })

  it('treats __proto__ as a key like any other', () => {
    const value = JSON.parse('{"__proto__":{"token":"x"},"a":1}')
    expect(JSON.stringify(redact(value, ['__proto__.token']))).toBe(`{"__proto__":{"token":"${REDACTED}"},"a":1}`)
    expect(Object.prototype).not.toHaveProperty('token')
  })

  it('leaves no trace of a masked text, wherever it stands', () => {
    const secret = 'S3CRET'
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'list'), { minLength: 1, maxLength: 4 }), fc.jsonValue(), (path, other) => {
        let value: unknown = secret
        for (const key of path.toReversed()) value = key === 'list' ? { list: [value, other, value] } : { [key]: value, other }
        expect(JSON.stringify(redact(value, [path.join('.')]))).not.toContain(secret)
      }),
    )
  })
})
