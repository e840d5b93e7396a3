/** How many calls of a process that only triggers are under way at once, and which. */
import { describe, expect, it } from 'vitest'
import type { EnqueueRequest } from '../../src/store/runs.ts'
import type { Store } from '../../src/store/store.ts'
import { type Clock, systemClock } from '../../src/time/clock.ts'
import type { Trigger } from '../../src/trigger/coalesce.ts'
import { createEnqueuer, type Enqueuer } from '../../src/trigger/enqueuer.ts'

const trigger = (n: number, rest: Partial<EnqueueRequest> = {}): Trigger => ({
  merge: null,
  request: {
    ...{ id: `run-${n}`, job: 'mail', key: '', trigger: 'manual', payload: null, triggers: 1, priority: 0, delayMs: 0 },
    ...{ overlap: 'allow', skipWhenBusy: false, gates: [] },
    ...rest,
  },
})

/** A store whose calls stay under way until they are let go. */
function createSlowStore(defer: Clock['defer'] = systemClock.defer): { enqueuer: Enqueuer; sizes: number[]; waiting: (() => void)[] } {
  const sizes: number[] = []
  const waiting: (() => void)[] = []
  const store = {
    runs: {
      async enqueue({ requests }: { requests: readonly EnqueueRequest[] }) {
        sizes.push(requests.length)
        await new Promise<void>((resolve) => waiting.push(resolve))
        return { replies: requests.map(({ id }) => ({ outcome: 'created', id })), storeNow: 0 }
      },
    },
  } as unknown as Store
  const call = <T extends object>(_verb: string, run: (store: Store) => Promise<T>): Promise<T> => run(store)
  const deps = { clock: systemClock, defer, maxPayloadBytes: 1_000, call, callOnce: call, offer: () => null, onClaimed: () => undefined }
  return { enqueuer: createEnqueuer(deps), sizes, waiting }
}

/** Everything that is on its way within this process has arrived. */
const turn = (): Promise<void> => new Promise((resolve) => systemClock.defer(() => systemClock.defer(resolve)))

describe('the calls of a process that triggers', () => {
  it('are two at most while batches are full, and one for what is less', async () => {
    const { enqueuer, sizes, waiting } = createSlowStore()
    const replies = Promise.all(Array.from({ length: 2_500 }, (_, n) => enqueuer.enqueue(trigger(n))))
    await turn()
    expect(sizes).toEqual([1_000, 1_000])
    waiting.shift()?.()
    await turn()
    expect(sizes).toEqual([1_000, 1_000])
    waiting.shift()?.()
    await turn()
    expect(sizes).toEqual([1_000, 1_000, 500])
    const late = enqueuer.enqueue(trigger(9_999))
    await turn()
    expect(sizes).toHaveLength(3)
    waiting.shift()?.()
    await turn()
    waiting.shift()?.()
    expect((await replies).map(({ id }) => id)).toEqual(Array.from({ length: 2_500 }, (_, n) => `run-${n}`))
    expect((await late).id).toBe('run-9999')
  })

  it.each<[string, Partial<EnqueueRequest>]>([
    ['an idempotency key', { idempotency: { key: 'k', ttlMs: 1_000 } }],
    ['a debounce', { debounce: { waitMs: 1, maxWaitMs: null, leading: false, trailing: true, merge: 'last' } }],
    ['skipping', { skipWhenBusy: true }],
  ])('are one after the other where a request with %s is among them: later ones must find it', async (_, rest) => {
    const { enqueuer, sizes, waiting } = createSlowStore()
    const all = Array.from({ length: 3_000 }, (_, n) => enqueuer.enqueue(trigger(n, n === 1_500 ? { ...rest, key: 'k' } : {})))
    const replies = Promise.all(all)
    await turn()
    expect(sizes).toEqual([1_000])
    for (const size of [1_000, 1_000]) {
      waiting.shift()?.()
      await turn()
      expect(sizes.at(-1)).toBe(size)
      expect(waiting).toHaveLength(1)
    }
    waiting.shift()?.()
    await replies
    await enqueuer.idle()
  })

  it('go out with the step that brought them where they need not wait for the turn, and share one all the same', async () => {
    const { enqueuer, sizes, waiting } = createSlowStore(process.nextTick)
    const later = Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => enqueuer.enqueue(trigger(2)))
    const replies = [enqueuer.enqueue(trigger(0)), enqueuer.enqueue(trigger(1)), later]
    await new Promise<void>((resolve) => process.nextTick(resolve))
    expect(sizes).toEqual([3])
    waiting.shift()?.()
    expect((await Promise.all(replies)).map(({ id }) => id)).toEqual(['run-0', 'run-1', 'run-2'])
  })
})
