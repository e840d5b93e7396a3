/** Which parents' windows a refresh marks. */
import { describe, expect, it } from 'vitest'
import { parentMarks } from '../../src/rollup/parent-marks.ts'
import { HOUR_MS, hour } from './workshop.ts'

const windows = [0, 1, 2, 5, 6].map((count) => ({ start: hour(count), end: hour(count + 1) }))
const ranges = (suspect: readonly number[], changed: readonly number[] | null): readonly (readonly [number, number])[] =>
  parentMarks('hourly', windows, {
    suspect: new Map(suspect.map((count) => [hour(count), 'empty'])),
    changed: changed === null ? null : new Set(changed.map(hour)),
  }).map(({ source, from, to, kind }) => {
    expect([source, kind]).toEqual(['rollup:hourly', 'changed'])
    return [(from - hour(0)) / HOUR_MS, (to - hour(0)) / HOUR_MS] as const
  })

describe('parentMarks', () => {
  it.each([
    ['all of them, a mark per stretch', [], null, [[0, 3], [5, 7]]], // biome-ignore format: one line per case
    ['without the suspects, which were left as they were', [1], null, [[0, 1], [2, 3], [5, 7]]], // biome-ignore format: one line per case
    ['those that changed alone', [], [2, 6], [[2, 3], [6, 7]]], // biome-ignore format: one line per case
    ['none where nothing changed', [], [], []],
  ] as const)('%s', (_, suspect, changed, expected) => {
    expect(ranges(suspect, changed)).toEqual(expected)
  })
})
