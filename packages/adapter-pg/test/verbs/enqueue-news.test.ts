import { QuarterjackError } from '@quarterjack/core/store'
import { describe, expect, it } from 'vitest'
import type { Call } from '../../src/verbs/call.ts'
import { createRunVerbs } from '../../src/verbs/runs.ts'
import { enqueueRequest } from '../store/requests.ts'

/** A server that refuses what `refuses` says; and what it was asked. */
function verbs(refuses: (notify: unknown) => Error | null): {
  readonly asked: unknown[]
  readonly enqueue: () => Promise<unknown>
  ended: number
} {
  const asked: unknown[] = []
  const seen = { ended: 0 }
  const call = (async (_fn: string, request: { notify: unknown }, options?: { isTold?: boolean }) => {
    asked.push([request.notify, options?.isTold])
    const error = refuses(request.notify)
    if (error !== null) throw error
    return { outcomes: null, claimed: null, storeNow: 0 }
  }) as unknown as Call
  const { enqueue } = createRunVerbs(call, {
    enqueueWithin: () => Promise.reject(new Error('not here')),
    takeNews: () => ({ notify: ['c', 'm'], ended: () => void seen.ended++ }),
  })
  return {
    asked,
    enqueue: () => enqueue({ requests: [enqueueRequest('mail')] }),
    get ended() {
      return seen.ended
    },
  }
}

const refused = (code: string): Error =>
  new QuarterjackError('StoreUnavailable', 'refused', { cause: Object.assign(new Error('refused'), { code }) })

describe('a trigger that tells of itself', () => {
  it('goes without when the queue of notifications is full', async () => {
    const store = verbs((notify) => (notify === null ? null : refused('54000')))
    await store.enqueue()
    expect(store.asked).toEqual([
      [['c', 'm'], true],
      [null, false],
    ])
    expect(store.ended).toBe(1)
  })

  it('fails as any call does for other reasons, and gives its turn back', async () => {
    const store = verbs(() => refused('53300'))
    await expect(store.enqueue()).rejects.toThrow('refused')
    expect([store.asked.length, store.ended]).toEqual([1, 1])
  })
})
