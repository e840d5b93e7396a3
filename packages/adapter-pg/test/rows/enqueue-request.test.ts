/** How requests travel: what is the same for all of them once, and never taken for the same where it differs. */
import type { EnqueueRequest } from '@quarterjack/core/store'
import { describe, expect, it } from 'vitest'
import { toEnqueueLetter } from '../../src/rows/enqueue-request.ts'

function request(id: string, rest: Partial<EnqueueRequest> = {}): EnqueueRequest {
  return {
    ...{ id, job: 'mail', key: '', trigger: 'manual', payload: `"${id}"`, triggers: 1, priority: 0, delayMs: 0, overlap: 'allow' },
    ...{ skipWhenBusy: false, gates: [], ...rest },
  }
}

describe('a letter of requests', () => {
  it('that differ by id and payload alone says the rest once', () => {
    const { letter, order } = toEnqueueLetter([request('a'), request('b'), request('c', { payload: null })])
    expect(letter).toMatchObject({ names: ['mail'], ids: ['a', 'b', 'c'], payloads: ['"a"', '"b"', null], others: [], varied: false })
    expect(letter).toMatchObject({ job: 'mail', key: '', priority: 0, runAt: null, delay: 0, gates: [], trace: null })
    expect(order).toEqual([0, 1, 2])
  })

  it('says the gates of a single one as they are', () => {
    expect(toEnqueueLetter([request('a', { gates: ['key:mail/x'] })]).letter).toMatchObject({ gates: ['key:mail/x'], varied: false })
  })

  it.each<[string, string, Partial<EnqueueRequest>]>([
    ['job', 'jobs', { job: 'report' }],
    ['key', 'keys', { key: 'k' }],
    ['trigger', 'triggers', { trigger: 'replay' }],
    ['count', 'counts', { triggers: 2 }],
    ['priority', 'priorities', { priority: 1 }],
    ['instant', 'runAts', { runAt: 5 }],
    ['delay', 'delays', { delayMs: 5 }],
    ['overlap', 'overlaps', { overlap: 'queue' }],
    ['gates', 'gateLists', { gates: ['key:mail/x'] }],
    ['origin', 'replays', { replayOf: 'z' }],
    ['trace', 'traces', { trace: '{}' }],
    ['slot', 'slots', { slot: 5 }],
  ])('says the %s of each where one has another', (_, column, rest) => {
    const { letter } = toEnqueueLetter([request('a'), request('b', rest)])
    expect(letter.varied).toBe(true)
    expect(letter[column]).toHaveLength(2)
  })

  it.each<[string, Partial<EnqueueRequest>]>([
    ['is debounced', { debounce: { waitMs: 1, maxWaitMs: null, leading: false, trailing: true, merge: 'last' } }],
    ['has an idempotency key', { idempotency: { key: 'k', ttlMs: 1_000 } }],
    ['is skipped when its job is busy', { skipWhenBusy: true }],
  ])('sends one that %s as a record, whether it comes first or last', (_, rest) => {
    const special = request('s', rest)
    expect(toEnqueueLetter([request('a'), special])).toMatchObject({ letter: { ids: ['a'], others: [special] }, order: [0, 1] })
    expect(toEnqueueLetter([special, request('a')])).toMatchObject({ letter: { ids: ['a'], others: [special] }, order: [1, 0] })
    expect(toEnqueueLetter([special])).toMatchObject({ letter: { ids: [], others: [special] }, order: [0] })
  })
})
