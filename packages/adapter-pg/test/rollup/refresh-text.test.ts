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
const values = ['calls', 'cost', 'cost__sum', 'cost__count', 'p95']

it('a refresh from a table', async () => {
  await expect(refreshSql(hourly.plan, values)).toMatchFileSnapshot('sql/refresh-source.sql')
})

it('a refresh from a finer rollup', async () => {
  const daily = sqlRollup({ from: hourly, target: 'calls_daily', by: [], measures: ['calls', 'cost'] })
  await expect(refreshSql(daily.plan, ['calls', 'cost', 'cost__sum', 'cost__count'])).toMatchFileSnapshot('sql/refresh-composed.sql')
})

it('a refresh with a select of the user, and with a guard', async () => {
  const free = sqlRollup({
    target: 'days',
    key: [],
    select: 'select w.window_start, count(*) as n from windows w join calls c on true group by 1',
  })
  await expect(refreshSql(free.plan, ['n'])).toMatchFileSnapshot('sql/refresh-select.sql')
  const guarded = sqlRollup({
    source: 'notes',
    time: 'at',
    timeZone: 'Europe/Berlin',
    target: 'notes_hourly',
    measures: { notes: count() },
    guard: 'oldest',
  })
  await expect(refreshSql(guarded.plan, ['notes'])).toMatchFileSnapshot('sql/refresh-guarded.sql')
})

it('a comparison', async () => {
  await expect(
    verifySql(hourly.plan, [
      { name: 'calls', isFloat: false },
      { name: 'cost', isFloat: true },
    ]),
  ).toMatchFileSnapshot('sql/verify.sql')
})
