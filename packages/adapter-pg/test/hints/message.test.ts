import type { StoreHint } from '@quarterjack/core/store'
import { describe, expect, it } from 'vitest'
import { createMessageReader, helloMessage, hintMessages, readMessage } from '../../src/hints/message.ts'

describe('messages', () => {
  it('are read as they were written', () => {
    const hints: StoreHint[] = [
      { kind: 'work' },
      { kind: 'cancel', owner: 'o' },
      { kind: 'settled', runId: 'r' },
      { kind: 'lease', name: 'm\0 \uD800 ü' },
    ]
    expect(hintMessages('me', hints).map(readMessage)).toEqual([{ from: 'me', hints }])
    expect(readMessage(helloMessage('me', true))).toEqual({ from: 'me', hello: true, isNew: true })
  })

  it('are as short as Postgres wants them, and as few as can be', () => {
    const hints = Array.from({ length: 1_000 }, (_, index): StoreHint => ({ kind: 'lease', name: `${index}-${'ü'.repeat(20)}` }))
    const messages = hintMessages('me', hints)
    expect(messages.every((message) => Buffer.byteLength(message) < 8_000)).toBe(true)
    expect(messages.length).toBeLessThan(14)
    expect(messages.flatMap((message) => (readMessage(message) as { hints: readonly StoreHint[] }).hints)).toEqual(hints)
  })

  it('leave out a hint that fits into none', () => {
    expect(hintMessages('me', [{ kind: 'lease', name: 'x'.repeat(9_000) }, { kind: 'work' }]).map(readMessage)).toEqual([
      { from: 'me', hints: [{ kind: 'work' }] },
    ])
    expect(hintMessages('me', [])).toEqual([])
  })

  it.each(['', 'x', '1', 'null', '{}', '{"from":1,"hints":[]}', '{"from":"a"}'])('%j is none', (payload) => {
    expect(readMessage(payload)).toBeNull()
  })

  it('that come again are what they were', () => {
    const read = createMessageReader()
    const [work = '', settled = ''] = [{ kind: 'work' } as const, { kind: 'settled', runId: 'r' } as const].flatMap((hint) =>
      hintMessages('me', [hint]),
    )
    for (const message of ['', work, work, settled, 'x', 'x', work]) expect(read(message)).toEqual(readMessage(message))
  })

  it('keep what is understood of a later version', () => {
    expect(readMessage('{"from":"a","hints":[{"kind":"moon"},{"kind":"work"},{"kind":"settled"},null]}')).toEqual({
      from: 'a',
      hints: [{ kind: 'work' }],
    })
  })
})
