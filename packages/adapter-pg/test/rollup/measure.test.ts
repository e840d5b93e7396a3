import { describe, expect, it } from 'vitest'
import { aggregate, count, distinct, percentile, ratio, sum } from '../../src/rollup/measure.ts'
import { sqlRollup } from '../../src/rollup/sql-rollup.ts'

const source = { source: 'calls', time: 'at', target: 'hourly', measures: { calls: count() } }

describe('the revision of a rollup in SQL', () => {
  it('is equal where its statements are, and differs where they do', () => {
    const make = (over: object): string =>
      sqlRollup({ source: 'calls', time: 'at', target: 'calls_hourly', by: ['model'], measures: { calls: count() }, ...over }).revision
    expect(make({})).toBe(make({}))
    for (const over of [{ where: 'ms > 0' }, { by: [] }, { measures: { calls: count(), ms: sum('ms') } }, { target: 'other' }]) {
      expect(make(over)).not.toBe(make({}))
    }
  })
})

describe('options of sqlRollup', () => {
  it.each([
    ['a table with a quote', { ...source, source: 'calls"; drop table x' }, /source: use the name of a table, .*; this is "calls/],
    ['a column with a quote', { ...source, time: 'at"' }, /time: use the name of a column, .*; this is "at/],
    ['a zone with a quote', { ...source, timeZone: "UTC'" }, /timeZone: use the name of a time zone, .*; this is "UTC'"\./],
    ['no measures', { ...source, measures: {} }, /measures: name at least one measure/],
    ['a measure that is none', { ...source, measures: { calls: 'count' } }, /measures.calls: use count\(\), .*; this is "count"\./],
    ['an unknown option', { ...source, wher: 'true' }, /"wher" is not an option\. Did you mean "where"\?/],
    [
      'what others call it',
      { ...source, time: undefined, timeColumn: 'at' },
      /time: is missing; .*\n {2}"timeColumn" is not an option: write time\./,
    ],
    ['a column twice', { ...source, by: ['calls'] }, /"calls" names two columns of the target/],
    ['a select without windows', { target: 'hourly', key: [], select: 'select 1' }, /does not mention windows/],
    [
      'a group that the finer one lacks',
      { from: sqlRollup(source), target: 'daily', by: ['tenant'] },
      /the finer rollup has no "tenant". It has none/,
    ],
    [
      'a finer one with a select of its own',
      { from: sqlRollup({ target: 'x', key: [], select: 'select * from windows' }), target: 'daily' },
      /cannot be composed/,
    ],
  ])('%s is refused', (_, options, message) => {
    expect(() => sqlRollup(options as never)).toThrow(
      expect.objectContaining({ code: 'InvalidOption', message: expect.stringMatching(message) }),
    )
  })

  it.each([
    ['distinct', distinct('tenant')],
    ['percentile', percentile(0.5, 'ms')],
    ['aggregate', aggregate('mode() within group (order by ms)')],
    ['ratio', ratio(distinct('tenant'), count())],
  ])('a %s is not put together from smaller windows', (kind, measure) => {
    const finer = sqlRollup({ ...source, measures: { m: measure } })
    expect(() => sqlRollup({ from: finer, target: 'daily' })).toThrow(
      expect.objectContaining({ code: 'InvalidOption', message: expect.stringMatching(`m is a ${kind}, which cannot be put together`) }),
    )
  })

  it('measures say what they cannot take', () => {
    expect(() => percentile(95, 'ms')).toThrow(/at 95 is not between 0 and 1. For the 95th percentile write 0.95/)
    expect(() => sum(' ')).toThrow(/sum: " " is not an SQL expression/)
    expect(() => aggregate('sum(x)', { composes: 'avg' as never })).toThrow(/composes "avg" is not known/)
    expect(() => ratio(ratio(count(), count()), count())).toThrow(/a measure of kind ratio cannot be divided/)
  })
})
