import type { FiredRun, Firing } from '@quarterjack/core/store'
import { describe, expect, it } from 'vitest'
import { toFireLetter } from '../../src/rows/fire-letter.ts'
import { readFireReplies } from '../../src/rows/fire-replies.ts'
import { claimedLot } from './claimed-lot.ts'

const run = (id: string, gates: readonly string[] = []): FiredRun => ({
  id,
  slot: 5,
  runAt: 5,
  priority: 0,
  overlap: 'allow',
  queueLimit: 1,
  gates,
})
const firing = (job: string, name: string, over: Partial<Firing> = {}): Firing => ({
  job,
  name,
  incarnation: `${job}/${name}`,
  generation: 1,
  expectedSlot: 5,
  through: 5,
  nextSlot: 6,
  nextDueAt: 6,
  runs: [run(`${job}/${name}/5`)],
  skips: [],
  ...over,
})

describe('firings on their way to the store', () => {
  it('are columns; runs and skips tell the place of their firing', () => {
    const skips = [{ reason: 'misfire', from: 1, to: 4, count: 4 }] as const
    const letter = toFireLetter([
      firing('a', 'x', { nextSlot: null, nextDueAt: null }),
      firing('b', 'y', { runs: [], skips }),
      firing('a', 'z', { runs: [run('r1'), run('r2')] }),
    ])
    expect(letter).toMatchObject({ jobs: ['a', 'b'], ofJob: [1, 2, 1], names: ['x', 'y', 'z'], nextSlots: [null, 6, 6] })
    expect(letter).toMatchObject({ ofFiring: [1, 3, 3], ids: ['a/x/5', 'r1', 'r2'], skips: [[2, skips]] })
    expect(letter).toMatchObject({ counts: [1, 0, 2], last: [1, null, 3] })
  })

  it('spend no word on gates where there are none', () => {
    expect(toFireLetter([firing('a', 'x'), firing('a', 'y')]).gates).toEqual([])
    expect(toFireLetter([firing('a', 'x'), firing('a', 'y', { runs: [run('r', ['mutex:m'])] })]).gates).toEqual([[], ['mutex:m']])
  })
})

describe('replies to firings', () => {
  it('are fired where nothing is told, pending or running as they were claimed', () => {
    const replies = readFireReplies(
      { odd: null, running: null, claimed: [claimedLot('a/y/5')] },
      { firings: [firing('a', 'x'), firing('a', 'y')], owner: 'o' },
    )
    expect(replies).toMatchObject([
      { status: 'fired', runs: [{ id: 'a/x/5', state: 'pending', reason: null }] },
      { status: 'fired', runs: [{ id: 'a/y/5', state: 'running', claimed: { record: { id: 'a/y/5', fence: 7 }, started: true } }] },
    ])
  })

  it('have runs that were written as running: what was asked, and what the store knows', () => {
    const running = { owner: 'o', at: 9, fence: 70, start: 1, places: [2, 1], turns: [1, 2], keys: ['ky', 'kx'], payloads: ['{}', null] }
    const replies = readFireReplies({ odd: null, running, claimed: null }, { firings: [firing('a', 'x'), firing('a', 'y')], owner: 'o' })
    expect(replies.map(({ runs }) => runs[0]?.claimed)).toMatchObject([
      { started: false, record: { id: 'a/x/5', key: 'kx', payload: null, fence: 71, startedAt: null, createdAt: 9, schedule: 'x' } },
      { started: true, record: { id: 'a/y/5', key: 'ky', payload: '{}', fence: 70, startedAt: 9, slot: 5, owner: 'o', attempt: 1 } },
    ])
    expect(replies.map(({ runs }) => runs[0]?.state)).toEqual(['running', 'running'])
  })

  it('are what is told of their place', () => {
    const odd = [
      [1, 'stale', []],
      [3, 'fired', [['a/z/5', 'skipped', 'overlap']]],
    ] as const
    expect(
      readFireReplies(
        { odd, running: null, claimed: null },
        { firings: [firing('a', 'x'), firing('a', 'y'), firing('a', 'z')], owner: undefined },
      ),
    ).toMatchObject([
      { status: 'stale', runs: [] },
      { status: 'fired', runs: [{ state: 'pending' }] },
      { status: 'fired', runs: [{ state: 'skipped', reason: 'overlap' }] },
    ])
  })
})
