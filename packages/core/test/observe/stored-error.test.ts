import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'
import { toStoredError } from '../../src/observe/stored-error.ts'
import { truncateText } from '../../src/observe/truncate-text.ts'

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** One of each width in UTF-8 and in JSON, lone surrogates among them. */
const oddText = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.constantFrom('a', ' ', '"', '\\', '\n', '\0', '\u0001', 'é', '€', '\u{1f600}', '\ud800', '\udc00'),
    maxLength,
    size: 'max',
  })

describe('toStoredError', () => {
  it('keeps name, message, code and stack', () => {
    const stored = toStoredError(new QuarterjackError('InvalidCron', 'no such minute'))
    expect(stored).toMatchObject({ name: 'QuarterjackError', message: 'no such minute', code: 'InvalidCron' })
    expect(stored.stack).toMatch(/^QuarterjackError: no such minute\n {4}at .*stored-error\.test\.ts/)
  })

  it('keeps causes and members below the stack', () => {
    const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
    const stored = toStoredError(new AggregateError([new TypeError('first'), 'second'], 'several', { cause }))
    expect(stored.stack).toContain('\nCaused by: Error (ECONNREFUSED): connection refused\n    at ')
    expect(stored.stack).toContain('\nContains: TypeError: first\n    at ')
    expect(stored.stack).toContain('\nContains: NonError: second')
  })

  it.each([
    ['a string', 'plain words', { name: 'NonError', message: 'plain words' }],
    ['undefined', undefined, { name: 'NonError', message: 'undefined' }],
    ['null', null, { name: 'NonError', message: 'null' }],
    ['a number', 42, { name: 'NonError', message: '42' }],
    ['a BigInt', 10n, { name: 'NonError', message: '"10"' }],
    ['an object', { status: 503 }, { name: 'NonError', message: '{"status":503}' }],
    ['an error-like object', { name: 'HttpError', message: 'no', code: 503 }, { name: 'HttpError', message: 'no', code: '503' }],
    ['a symbol', Symbol('s'), { name: 'NonError', message: '"Symbol(s)"' }],
  ])('takes %s', (_, thrown, expected) => {
    expect(toStoredError(thrown)).toEqual(expected)
  })

  it('ends with cycles of causes', () => {
    const outer = new Error('outer')
    outer.cause = new Error('inner', { cause: outer })
    expect(toStoredError(outer).stack).toContain('Caused by: [circular]')
    const self = new Error('self')
    self.cause = self
    expect(toStoredError(self).stack).toContain('Caused by: [circular]')
  })

  it('ends with causes that never end, and with wide trees of them', () => {
    const endless = (): object => ({
      name: 'Error',
      message: 'deeper',
      get cause() {
        return endless()
      },
    })
    expect(toStoredError(endless()).stack).toContain('Caused by: […]')
    const wide = (depth: number): Error =>
      depth === 0
        ? new Error('leaf')
        : new AggregateError(
            Array.from({ length: 12 }, () => wide(depth - 1)),
            'wide',
          )
    expect(bytes(toStoredError(wide(3)))).toBeLessThanOrEqual(16_384)
  })

  it('never throws, whatever is hostile', () => {
    const throwing = new Proxy(new Error('x'), {
      get: () => {
        throw new Error('trap')
      },
    })
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const noPrototype = Object.assign(Object.create(null), { message: 'bare' })
    expect(toStoredError(throwing)).toMatchObject({ name: 'NonError' })
    expect(toStoredError(proxy)).toEqual({ name: 'NonError', message: '"[unreadable]"' })
    expect(toStoredError(noPrototype)).toEqual({ name: 'Error', message: 'bare' })
    expect(toStoredError({ message: 'x', stack: 5, name: '', code: {} })).toEqual({ name: 'Object', message: 'x' })
  })

  it('marks what it cut, and still shows where it happened', () => {
    const stored = toStoredError(new Error('y'.repeat(10_000_000)), 2_000)
    expect(bytes(stored)).toBeLessThanOrEqual(2_000)
    expect(stored.message).toMatch(/^y+… \[truncated from 10000000 characters\]$/)
    expect(stored.stack).toContain('truncated from')
    const deep = toStoredError(new Error('short'), 600)
    expect(deep.stack).toMatch(/^Error: short\n {4}at /)
  })

  it('keeps the frames of an error with a long message', () => {
    const stored = toStoredError(new Error('y'.repeat(100_000)), 16_384)
    expect(stored.stack).toContain('stored-error.test.ts')
  })

  it('replaces what databases refuse', () => {
    const stored = toStoredError(new Error('nul \0, lone \ud800, pair \u{1f600}'))
    expect(stored.message).toBe('nul \ufffd, lone \ufffd, pair \u{1f600}')
  })

  it('is bounded for anything', () => {
    const text = fc.oneof(
      fc.string(),
      oddText(3_000),
      fc.nat({ max: 5_000 }).map((length) => '\u0001'.repeat(length)),
    )
    fc.assert(
      fc.property(text, text, fc.anything(), fc.integer({ min: 0, max: 4_000 }), (message, name, cause, limit) => {
        // A stack of its own: the test runner maps real ones back to their sources, slowly.
        const stack = `${name}: ${message}\n    at somewhere`
        const error = Object.assign(new Error(message, { cause }), { code: name, name, stack })
        const stored = toStoredError(error, limit)
        expect(bytes(stored)).toBeLessThanOrEqual(Math.max(512, limit))
        expect(JSON.stringify(stored).includes('\\u0000')).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})

describe('truncateText', () => {
  it('gives back what fits, and otherwise a marked beginning within the bound', () => {
    fc.assert(
      fc.property(oddText(300), fc.integer({ min: 0, max: 400 }), (text, limit) => {
        const cut = truncateText(text, limit)
        const size = bytes(cut) - 2
        expect(size).toBeLessThanOrEqual(limit)
        expect(cut === text).toBe(bytes(text) - 2 <= limit)
        expect(cut === text || limit <= 40 || cut.includes('… [truncated from')).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('never splits a surrogate pair', () => {
    for (let limit = 40; limit < 120; limit += 1) expect(truncateText('\u{1f600}'.repeat(100), limit)).not.toMatch(/\p{Surrogate}/u)
  })
})
