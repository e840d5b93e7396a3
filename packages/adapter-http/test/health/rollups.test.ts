/** A rollup under `/health/:job`: it is as well as its windows and the job that refreshes it. */
import type { HealthSnapshot, RollupHealth, Scheduler } from '@quarterjack/core'
import { describe, expect, it } from 'vitest'
import { createHandler, type HandlerOptions } from '../../src/index.ts'
import { hourly, rolling } from '../support/rollups.ts'

const failing = (): ReturnType<typeof hourly> =>
  hourly({
    freshness: { targetLag: '1m', warnAfter: '2m', errorAfter: '10m' },
    refresh: () => {
      throw new Error('no rows')
    },
  })

describe('the health of a rollup', () => {
  it('is found like that of a job, and 503 once it is stale', async () => {
    const { ask, read, manual } = await rolling()
    expect(await ask('/health/hourly')).toMatchObject({ status: 200, text: '{"status":"ok"}' })
    const stale = await rolling([failing()])
    expect(await stale.ask('/health/hourly')).toMatchObject({ status: 503, text: '{"status":"unhealthy"}' })
    expect((await stale.ask('/health')).status).toBe(503)
    expect((await stale.read('/jobs/hourly')).json.status).toBe('unhealthy')
    const { json } = await stale.read('/health/hourly')
    expect(json).toMatchObject({
      job: 'hourly',
      status: 'unhealthy',
      rollup: { rollup: 'hourly', freshness: 'stale', watermark: '2026-03-01T00:00:00.000Z' },
    })
    expect(json.why).toEqual(expect.arrayContaining([...(json.rollup as RollupHealth).why]))
    expect((await read('/health/hourly')).json).toMatchObject({ status: 'ok', rollup: { freshness: 'ok', lagMs: 0 } })
    await manual.scheduler.suspend('hourly', 'for now')
    expect(await ask('/health/hourly')).toMatchObject({ status: 200, text: '{"status":"suspended"}' })
  })

  it.each([
    ['ok', 'unhealthy', 503],
    ['unhealthy', 'ok', 503],
    ['degraded', 'ok', 200],
    ['stopped', 'stopped', 503],
  ] as const)('is the worse of the two: job %s, windows %s', async (ofJob, ofWindows, code) => {
    const { scheduler } = await rolling()
    const health = async (): Promise<HealthSnapshot> => {
      const snapshot = await scheduler.health()
      return {
        ...snapshot,
        jobs: snapshot.jobs.map((job) => ({ ...job, status: ofJob })),
        rollups: snapshot.rollups.map((rollup) => ({ ...rollup, status: ofWindows })),
      }
    }
    const handler = createHandler({ ...scheduler, health } as Scheduler, { logger: false })
    expect((await handler(new Request('http://localhost/health/hourly'))).status).toBe(code)
  })

  it('has the shape of an existing monitor', async () => {
    const shaped = async (shape: NonNullable<HandlerOptions['health']>['shape']): Promise<unknown> =>
      (await (await rolling([hourly()], { health: { cacheFor: 0, shape } })).ask('/health/hourly')).json
    expect(await shaped('data')).toEqual({ data: { status: 'ok', running: false, healthy: true, last_run: '2026-03-01T03:05:00.000Z' } })
    expect(await shaped(({ job, healthy, rollup }) => ({ job, healthy, lag: rollup?.lagMs, upTo: rollup?.watermark }))).toEqual({
      job: 'hourly',
      healthy: true,
      lag: 0,
      upTo: '2026-03-01T03:00:00.000Z',
    })
  })
})
