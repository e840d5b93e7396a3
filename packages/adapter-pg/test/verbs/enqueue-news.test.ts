import { type EnqueueRequest, QuarterjackError } from '@quarterjack/core/store'
import { describe, expect, it } from 'vitest'
import type { Calls } from '../../src/verbs/call.ts'
import { createRunVerbs } from '../../src/verbs/runs.ts'
import { enqueueRequest } from '../store/requests.ts'

/** A server that refuses what `refuses` says; and what it was asked. */
function verbs(
  refuses: (notify: unknown) => Error | null,
  given: Partial<EnqueueRequest>,
): {
  readonly asked: unknown[]
  readonly enqueue: () => Promise<unknown>
  ended: number
} {
  const asked: unknown[] = []
  const seen = { ended: 0 }
  const ask = async (notify: unknown, isTold: boolean | undefined): Promise<object> => {
    asked.push([notify, isTold])
    const error = refuses(notify)
    if (error !== null) throw error
    return { outcomes: null, claimed: null, storeNow: 0 }
  }
  const calls = {
    call: (_: string, { notify }: { notify: unknown }, options?: { isTold?: boolean }) => ask(notify, options?.isTold),
    callWith: (_: string, values: readonly string[], options?: { isTold?: boolean }) =>
      ask(values.at(-2) === '' ? null : values.slice(-2), options?.isTold),
  } as unknown as Calls
  const { enqueue } = createRunVerbs(calls, {
    enqueueWithin: () => Promise.reject(new Error('not here')),
    takeNews: () => ({ notify: ['c', 'm'], ended: () => void seen.ended++ }),
  })
  return {
    asked,
    enqueue: () => enqueue({ requests: [enqueueRequest('mail', given)] }),
    get ended() {
      return seen.ended
    },
  }
}

const refused = (code: string): Error =>
  new QuarterjackError('StoreUnavailable', 'refused', { cause: Object.assign(new Error('refused'), { code }) })

describe.each([{}, { delayMs: 5 }])('a trigger that tells of itself, with %o', (given) => {
  it('goes without when the queue of notifications is full', async () => {
    const store = verbs((notify) => (notify === null ? null : refused('54000')), given)
    await store.enqueue()
    expect(store.asked).toEqual([
      [['c', 'm'], true],
      [null, false],
    ])
    expect(store.ended).toBe(1)
  })

  it('fails as any call does for other reasons, and gives its turn back', async () => {
    const store = verbs(() => refused('53300'), given)
    await expect(store.enqueue()).rejects.toThrow('refused')
    expect([store.asked.length, store.ended]).toEqual([1, 1])
  })
})
