/** The statements, for the eye. */
import { expect, it } from 'vitest'
import { avg, count, percentile, sqlRollup } from '../../src/index.ts'
import { refreshSql } from '../../src/rollup/refresh-sql.ts'
import { verifySql } from '../../src/rollup/verify-sql.ts'

const hourly = sqlRollup({
  source: 'app.calls',
  time: 'at',
  target: 'calls_hourly',
  by: ['model', { hour: 'extract(hour from r.at)' }],
  measures: { calls: count(), cost: avg('cost'), p95: percentile(0.95, 'ms') },
  where: "status <> 'ignored'",
})
const HOUR = 3_600_000
const window = (hour: number, removed = true) => ({ start: new Date(hour * HOUR), end: new Date((hour + 1) * HOUR), removed })
const two = [window(0), window(1)]
const values = ['calls', 'cost', 'cost__sum', 'cost__count', 'p95']

it('a refresh from a table', async () => {
  await expect(refreshSql(hourly.plan, values, two)).toMatchFileSnapshot('sql/refresh-source.sql')
  await expect(refreshSql(hourly.plan, values, [window(0)])).toMatchFileSnapshot('sql/refresh-one.sql')
})

it('a refresh from a finer rollup', async () => {
  const daily = sqlRollup({ from: hourly, target: 'calls_daily', by: [], measures: ['calls', 'cost'] })
  await expect(refreshSql(daily.plan, ['calls', 'cost', 'cost__sum', 'cost__count'], two)).toMatchFileSnapshot('sql/refresh-composed.sql')
})

it('a refresh with a select of the user, and with a guard', async () => {
  const free = sqlRollup({
    target: 'days',
    key: [],
    select: 'select w.window_start, count(*) as n from windows w join calls c on true group by 1',
  })
  await expect(refreshSql(free.plan, ['n'], [window(0), window(1, false)])).toMatchFileSnapshot('sql/refresh-select.sql')
  const guarded = sqlRollup({
    source: 'notes',
    time: 'at',
    timeZone: 'Europe/Berlin',
    target: 'notes_hourly',
    measures: { notes: count() },
    guard: 'oldest',
  })
  await expect(refreshSql(guarded.plan, ['notes'], two)).toMatchFileSnapshot('sql/refresh-guarded.sql')
  await expect(refreshSql(guarded.plan, ['notes'], [window(0, false)])).toMatchFileSnapshot('sql/refresh-guarded-one.sql')
})

it('a comparison', async () => {
  await expect(
    verifySql(hourly.plan, [
      { name: 'calls', isFloat: false },
      { name: 'cost', isFloat: true },
    ]),
  ).toMatchFileSnapshot('sql/verify.sql')
})
