/** What can be done to the windows part of both stores: plain data, as in `deed`. */
import * as fc from 'fast-check'
import { ROLLUPS, SOURCES } from './world.ts'

const rollup = fc.constantFrom(...ROLLUPS)
const source = fc.constantFrom(...SOURCES)
/** Which of those known: 0 is the newest. */
const place = fc.nat(7)
/** A window by its number, counted from before the beginning of time. */
const window = fc.nat(9)
const windows = fc.uniqueArray(window, { minLength: 1, maxLength: 5 })
const rarely = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
const limit: fc.Arbitrary<number> = fc.constantFrom(1, 2, 3, 100)
const kind = fc.constantFrom('added' as const, 'changed' as const, 'removed' as const)
const mark = fc.record({ source, from: window, length: fc.nat(2_500), kind })
const pace = fc.option(fc.constantFrom('{"n":1}', '{"n":2}'), { freq: 1 })

export const WINDOW_DEEDS = {
  define: fc.record({
    rollup,
    hash: fc.constantFrom('h', 'g', 'f'),
    sources: fc.subarray([...SOURCES], { minLength: 1 }),
    edges: fc.constantFrom(1_000, 1_000, 1_500),
    start: fc.nat(3),
    isStale: rarely,
  }),
  forget: fc.record({ rollup }),
  mark: fc.record({ marks: fc.array(mark, { minLength: 1, maxLength: 3 }) }),
  collect: fc.record({ sources: fc.option(fc.subarray([...SOURCES], { minLength: 1 }), { freq: 1 }), limit }),
  drain: fc.record({
    place: fc.nat(2),
    /** Each mark, in turn: digested with the group before, or in one of its own, parked, narrowed, left, sealed. */
    fates: fc.array(fc.constantFrom('joins', 'joins', 'groups', 'groups', 'parks', 'narrows', 'stays', 'seals'), {
      minLength: 1,
      maxLength: 6,
    }),
    parkMs: fc.constantFrom(0, 400, 3_000),
    runs: rarely,
    isTwice: rarely,
  }),
  claimWindows: fc.record({
    place,
    rollup,
    windows,
    when: fc.constantFrom('dirty' as const, 'dirty' as const, 'missing' as const, 'stamped' as const, 'any' as const),
    dueIn: fc.constantFrom(-500, 0, 500),
    isOutdated: rarely,
    isStale: rarely,
  }),
  commit: fc.record({
    place,
    /** How many of its windows, from the first. */
    most: fc.constantFrom(1, 2, 100, 100, 100),
    suspect: rarely,
    marks: fc.array(mark, { maxLength: 1 }),
    pace,
    again: fc.option(place, { freq: 1 }),
  }),
  fail: fc.record({ place, most: fc.constantFrom(1, 100), retryDelayMs: fc.constantFrom(null, 0, 700), pace }),
  pass: fc.record({ rollup, through: window, expired: rarely, isStale: rarely }),
  state: fc.record({ rollups: fc.subarray([...ROLLUPS], { minLength: 1 }), limit, after: fc.option(window, { freq: 1 }) }),
  listWindows: fc.record({ rollup, from: window, length: fc.nat(9), backfill: fc.option(place, { freq: 1 }), limit }),
  createBackfill: fc.record({
    rollup,
    from: window,
    length: fc.integer({ min: 1, max: 6 }),
    order: fc.constantFrom('newest' as const, 'oldest' as const),
    runs: rarely,
    again: fc.option(place, { freq: 1 }),
    isOutdated: rarely,
  }),
  stamp: fc.record({ place, windows: fc.constantFrom(1, 2, 6), skips: fc.nat(2), isStale: rarely }),
  control: fc.record({ place, action: fc.constantFrom('pause' as const, 'resume' as const, 'cancel' as const), runs: rarely }),
  findBackfills: fc.record({ rollup: fc.option(rollup), unfinished: fc.boolean(), limit }),
} as const

/** How often each is done. */
export const WINDOW_WEIGHTS: { readonly [Name in keyof typeof WINDOW_DEEDS]: number } = {
  define: 5,
  forget: 1,
  mark: 24,
  collect: 24,
  drain: 30,
  claimWindows: 50,
  commit: 36,
  fail: 12,
  pass: 12,
  state: 12,
  listWindows: 9,
  createBackfill: 10,
  stamp: 20,
  control: 4,
  findBackfills: 3,
}
