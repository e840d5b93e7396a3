/** Capture, marks and refreshes within this process. */
import { PGlite } from '@electric-sql/pglite'
import { expect, it } from 'vitest'
import {
  captureChanges,
  captureDoctor,
  count,
  pgStore,
  restoreTarget,
  snapshotTarget,
  sqlRollup,
  verifyRollup,
  withoutMarks,
} from '../../src/index.ts'
import { hours, START, windowsOf } from '../rollup/refresher.ts'
import { withTransactions } from '../rollup/store-transaction.ts'

it('works on PGlite, on columns without a zone', async () => {
  const pglite = await PGlite.create()
  await pgStore({ pglite }).open()
  await pglite.exec(`create table notes (at timestamp); insert into notes values ('2026-01-01 01:20')`)
  const capture = { source: 'notes', time: 'at', timeZone: 'Europe/Berlin', grain: '15m' } as const
  await captureChanges({ pglite }, capture)
  expect(await captureChanges({ pglite }, capture)).toMatchObject({ status: 'unchanged' })
  await pglite.exec(`insert into notes values ('2026-01-01 02:20')`)
  await pglite.transaction((tx) => withoutMarks(tx, () => tx.exec(`insert into notes values ('2026-01-01 03:20')`)))
  const { rows } = await pglite.query('select from_at::text, (to_at - from_at)::int as ms from quarterjack.marks order by id')
  expect(rows).toEqual([
    { from_at: String(Date.UTC(2026, 0, 1, 0, 20)), ms: 1 },
    { from_at: String(Date.UTC(2026, 0, 1, 1, 15)), ms: 900_000 },
  ])
  const doctor = await captureDoctor({ pglite }, { source: 'notes', time: 'at' })
  expect(doctor.map(({ name, status }) => `${name} ${status}`)).toEqual(['triggers ok', 'index warn', 'readers warn'])

  const rollup = sqlRollup({ source: 'notes', time: 'at', timeZone: 'Europe/Berlin', target: 'notes_hourly', measures: { notes: count() } })
  const windows = windowsOf(hours(0, 1, 2), false)
  const request = { windows, from: new Date(START), to: new Date(START) }
  const ctx = withTransactions((work) => pglite.transaction(work))
  await rollup(request, ctx)
  await rollup(request, ctx)
  expect(ctx.recorded.map(({ changed }) => changed?.length)).toEqual([3, 0])
  expect(await verifyRollup({ pglite }, rollup, { windows })).toEqual([])
  const { table } = await snapshotTarget({ pglite }, rollup, { from: new Date(START), to: new Date(START + 86_400_000) })
  expect(await restoreTarget({ pglite }, rollup, table)).toEqual({ rows: 3 })
  await pglite.close()
}, 60_000)
