/** The runs that refresh a rollup, as stores take them. */
import { expect, it } from 'vitest'
import { backfillRunRequest, laterRequest } from '../../src/rollup/rollup-run.ts'

// The estimated clock of a store has fractions, and Postgres refuses them.
it('asks for whole milliseconds, and never for too early a run', () => {
  const later = laterRequest({ id: 'a', rollup: 'hourly', after: 'run' }, 29_998.617919921875)
  expect(later).toMatchObject({ delayMs: 29_999, idempotency: { ttlMs: 89_999 } })
  const backfill = backfillRunRequest({ id: 'b', rollup: 'hourly', backfill: 'x', lane: 0 }, 0.25)
  expect(backfill).toMatchObject({ debounce: { waitMs: 1, maxWaitMs: 1 } })
})
