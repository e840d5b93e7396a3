import type { StoreHint } from '@quarterjack/core/store'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readMessage } from '../../src/hints/message.ts'
import { createPost } from '../../src/hints/post.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('posting hints', () => {
  it('sends the first at once, and gathers the rest', async () => {
    const sent: (readonly StoreHint[])[] = []
    const post = createPost({
      from: 'a',
      gapMs: () => 10,
      notify: async (messages) =>
        void sent.push(messages.flatMap((message) => (readMessage(message) as { hints: readonly StoreHint[] }).hints)),
    })
    post.send([{ kind: 'work' }])
    for (let n = 0; n < 100; n++) post.send([{ kind: 'work' }, { kind: 'settled', runId: `${n % 3}` }])
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(10)
    expect(sent[1]?.map((hint) => Object.values(hint).join(' '))).toEqual(['work', 'settled 0', 'settled 1', 'settled 2'])
    await vi.advanceTimersByTimeAsync(100)
    expect(sent).toHaveLength(2)
  })

  it('has one statement under way at a time, and survives failures', async () => {
    let underWay = 0
    let calls = 0
    const post = createPost({
      from: 'a',
      gapMs: () => 10,
      notify: async () => {
        calls++
        expect(++underWay).toBe(1)
        // On fake timers, as all of this file.
        await new Promise((resolve) => setTimeout(resolve, 50))
        underWay--
        throw new Error('lost')
      },
    })
    for (let n = 0; n < 20; n++) {
      post.send([{ kind: 'work' }])
      await vi.advanceTimersByTimeAsync(10)
    }
    await vi.advanceTimersByTimeAsync(100)
    expect(calls).toBeGreaterThan(3)
    expect(calls).toBeLessThan(7)
  })

  it('lets another statement notify in its place, when nothing is gathered and the gap is over', async () => {
    let calls = 0
    const post = createPost({ from: 'a', gapMs: () => 10, notify: async () => void calls++ })
    const ended = post.takeTurn()
    expect(ended).not.toBeNull()
    expect(post.takeTurn()).toBeNull()
    post.send([{ kind: 'work' }])
    await vi.advanceTimersByTimeAsync(9)
    expect(calls).toBe(0)
    // However long the statement takes, hints go out after the gap.
    await vi.advanceTimersByTimeAsync(1)
    expect([calls, post.takeTurn()]).toEqual([1, null])
    await vi.advanceTimersByTimeAsync(10)
    expect(post.takeTurn()).toBeNull()
    ended?.()
    expect(post.takeTurn()).toBeNull()
  })

  it('lets statements that take long notify as seldom as that', async () => {
    const post = createPost({ from: 'a', gapMs: () => 10, notify: () => Promise.resolve() })
    const ended = post.takeTurn()
    await vi.advanceTimersByTimeAsync(20)
    ended?.()
    await vi.advanceTimersByTimeAsync(59)
    expect(post.takeTurn()).toBeNull()
    await vi.advanceTimersByTimeAsync(1)
    expect(post.takeTurn()).not.toBeNull()
  })

  it('forgets what is cleared', async () => {
    let calls = 0
    const post = createPost({ from: 'a', gapMs: () => 10, notify: async () => void calls++ })
    post.send([{ kind: 'work' }])
    post.send([{ kind: 'work' }])
    post.clear()
    await vi.advanceTimersByTimeAsync(100)
    expect(calls).toBe(1)
    post.send([{ kind: 'work' }])
    expect(calls).toBe(2)
  })
})
