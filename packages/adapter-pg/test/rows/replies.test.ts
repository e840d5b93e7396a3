import type { EnqueueRequest } from '@quarterjack/core/store'
import { describe, expect, it } from 'vitest'
import { type ClaimedLot, toClaimedRuns } from '../../src/rows/claimed-runs.ts'
import { toEnqueueLetter } from '../../src/rows/enqueue-request.ts'
import { toEnqueueReplies, toFireReplies, toSettleReplies } from '../../src/rows/replies.ts'
import { type RunRow, toRunRecord } from '../../src/rows/run-row.ts'

// biome-ignore format: by position
const row = (id: string): RunRow => [
  id, 'mail', 'k', 'manual', null, null, '{}', 0, 10, 9, 11, 'allow', ['mutex:m'], 2, 'owner', 7, 1,
  ['running', 1, 0, false, false, null, null, null, null,
    [{ number: 1, outcome: 'failed', owner: 'o', fence: 6, startedAt: 1, finishedAt: 2, error: null, runAt: 0 }], null, null, null, null, null],
]
/** A first attempt of which there is nothing to say. */
// biome-ignore format: by position
const plainRow: RunRow = ['r', 'mail', '', 'schedule', '#0', 5, null, 0, 10, 9, 11, 'skip', null, 1, '', 7, 1, null]
/** Two first attempts, of which the first began, and one of which there is more to say. */
const lot: ClaimedLot = {
  jobs: ['mail', 'mail', 'bill'],
  ids: ['a', 'b', 'c'],
  keys: ['', '', 'k'],
  kinds: ['manual', 'schedule', 'manual'],
  schedules: [null, '#0', null],
  slots: [null, 5, null],
  payloads: ['{}', null, null],
  priorities: [0, 0, 3],
  runAts: [10, 10, 10],
  createdAts: [9, 9, 9],
  overlaps: ['allow', 'skip', 'allow'],
  attempts: [1, 1, 2],
  fences: [7, 8, 9],
  counts: [1, 1, 4],
  rests: [
    null,
    null,
    [
      ['mutex:m'],
      1,
      0,
      true,
      null,
      null,
      null,
      null,
      [{ number: 1, outcome: 'failed', owner: 'o', fence: 6, startedAt: 1, finishedAt: 2, error: null, runAt: 0 }],
      null,
      null,
    ],
  ],
  began: 1,
  startedAt: 11,
}
const requests = (...ids: string[]): EnqueueRequest[] =>
  ids.map(
    (id): EnqueueRequest => ({
      id,
      job: 'mail',
      key: '',
      trigger: 'manual',
      payload: null,
      triggers: 1,
      priority: 0,
      delayMs: 0,
      overlap: 'allow',
      skipWhenBusy: false,
      gates: [],
    }),
  )

describe('a run', () => {
  it('is a record by position', () => {
    expect(toRunRecord(row('r'))).toEqual({
      id: 'r',
      job: 'mail',
      key: 'k',
      state: 'running',
      trigger: 'manual',
      schedule: null,
      slot: null,
      payload: '{}',
      merging: null,
      priority: 0,
      runAt: 10,
      createdAt: 9,
      startedAt: 11,
      finishedAt: null,
      overlap: 'allow',
      gates: ['mutex:m'],
      attempt: 2,
      failures: 1,
      crashes: 0,
      suspect: false,
      owner: 'owner',
      fence: 7,
      open: false,
      triggers: 1,
      cancelRequested: null,
      reason: null,
      progress: null,
      result: null,
      error: null,
      attempts: [{ number: 1, outcome: 'failed', owner: 'o', fence: 6, startedAt: 1, finishedAt: 2, error: null }],
      replayOf: null,
      trace: null,
    })
  })

  it('lacks what is not said', () => {
    expect(toRunRecord(plainRow)).toMatchObject({
      state: 'running',
      owner: null,
      gates: [],
      attempts: [],
      error: null,
      suspect: false,
      failures: 0,
    })
  })
})

describe('claimed runs', () => {
  it('are records of their owner, in order', () => {
    const runs = toClaimedRuns([lot], 'o')
    expect(runs.map(({ record: { id, job, key, fence }, started }) => [id, job, key, fence, started])).toEqual([
      ['a', 'mail', '', 7, true],
      ['b', 'mail', '', 8, false],
      ['c', 'bill', 'k', 9, false],
    ])
    expect(runs[0]?.record).toEqual({
      ...toRunRecord(plainRow),
      ...{ id: 'a', trigger: 'manual', schedule: null, slot: null, payload: '{}', overlap: 'allow', owner: 'o', startedAt: 11 },
    })
    expect(runs[1]?.record).toMatchObject({ schedule: '#0', slot: 5, startedAt: null, overlap: 'skip' })
    const attempt = { number: 1, outcome: 'failed', owner: 'o', fence: 6, startedAt: 1, finishedAt: 2, error: null }
    expect(runs[2]?.record).toMatchObject({ gates: ['mutex:m'], failures: 1, suspect: true, attempts: [attempt], attempt: 2, triggers: 4 })
  })

  it('are first attempts at plain triggers where a lot says no more', () => {
    const plain = { job: 'mail', ids: ['a', 'b'], payloads: ['1', null], runAts: [10, 12], createdAts: [9, 8], fences: [7, 8] }
    const runs = toClaimedRuns([{ ...plain, began: 1, startedAt: 11 }], 'o')
    const common = { ...toRunRecord(plainRow), trigger: 'manual', schedule: null, slot: null, overlap: 'allow', owner: 'o' }
    expect(runs).toEqual([
      { record: { ...common, id: 'a', payload: '1', startedAt: 11 }, started: true },
      { record: { ...common, id: 'b', payload: null, runAt: 12, createdAt: 8, fence: 8, startedAt: null }, started: false },
    ])
  })

  it('are none for none', () => {
    expect(toClaimedRuns(null, 'o')).toEqual([])
  })
})

describe('replies to enqueue', () => {
  it('are "created" under the own ids when nothing else is said', () => {
    expect(toEnqueueReplies({ outcomes: null, claimed: null }, { requests: requests('a', 'b'), order: [0, 1], owner: 'o' })).toEqual([
      { outcome: 'created', id: 'a' },
      { outcome: 'created', id: 'b' },
    ])
  })

  it('give a claimed run to the request that made it, once', () => {
    const answer = {
      outcomes: [
        ['created', 'a'],
        ['coalesced', 'a'],
        ['created', 'a'],
      ] as const,
      claimed: [lot],
    }
    const replies = toEnqueueReplies(answer, { requests: requests('a', 'b', 'a'), order: [0, 1, 2], owner: 'o' })
    expect(replies.map(({ claimed }) => claimed?.started)).toEqual([true, undefined, undefined])
    expect(replies[1]).toEqual({ outcome: 'coalesced', id: 'a' })
  })
})

describe('requests to enqueue', () => {
  it('travel in columns where nothing has to be looked at, one value where all are the same', () => {
    const plain = requests('a', 'b')
    const special = { ...requests('c')[0], skipWhenBusy: true } as EnqueueRequest
    const { letter, order } = toEnqueueLetter([plain[0] as EnqueueRequest, special, { ...(plain[1] as EnqueueRequest), key: 'k' }])
    expect(order).toEqual([0, 2, 1])
    expect(letter).toMatchObject({ names: ['mail'], ids: ['a', 'b'], others: [special] })
    expect(letter).toMatchObject({ job: 'mail', keys: [plain[0]?.key, 'k'], runAt: null, gates: [], varied: true })
    expect(letter).not.toHaveProperty('jobs')
    expect(letter).not.toHaveProperty('key')
  })
})

describe('replies to settle', () => {
  it('are all "settled" when nothing else is said', () => {
    expect(toSettleReplies(null, [0, 1])).toEqual([
      { status: 'settled', failuresInARow: 0 },
      { status: 'settled', failuresInARow: 0 },
    ])
  })

  it('come in the order asked', () => {
    const sent = [
      ['stale', 3],
      ['settled', 1],
    ] as const
    expect(toSettleReplies(sent, [1, 0]).map(({ failuresInARow }) => failuresInARow)).toEqual([1, 3])
  })
})

describe('replies to fire', () => {
  it('tell of each run, and of those that were claimed', () => {
    expect(
      toFireReplies(
        {
          replies: [
            ['stale', []],
            [
              'fired',
              [
                ['a', 'running', null],
                ['skipped', 'skipped', 'overlap'],
              ],
            ],
          ],
          claimed: [lot],
        },
        'o',
      ),
    ).toEqual([
      { status: 'stale', runs: [] },
      {
        status: 'fired',
        runs: [
          { id: 'a', state: 'running', reason: null, claimed: toClaimedRuns([lot], 'o')[0] },
          { id: 'skipped', state: 'skipped', reason: 'overlap' },
        ],
      },
    ])
  })

  it('are none for none', () => {
    expect(toFireReplies({ replies: null, claimed: null })).toEqual([])
  })
})
