/** Metrics of rollups: from the shared snapshot, and the backfills that run. */
import type { Rollup } from '@quarterjack/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { collectMetrics } from '../../src/index.ts'
import { valuesOf } from '../support/prometheus.ts'
import { held, hourly, rolling, type Rolling } from '../support/rollups.ts'

async function scraped(rollups: readonly Rollup[]): Promise<Rolling & { scrape(): Promise<(name: string) => Record<string, number>> }> {
  const rolled = await rolling(rollups)
  const metrics = await collectMetrics(rolled.scheduler, { cacheFor: 0, clock: rolled.manual.clock })
  onTestFinished(() => metrics.stop())
  return {
    ...rolled,
    async scrape() {
      const text = await metrics.text()
      return (name) => valuesOf(text, `quarterjack_rollup_${name}`)
    },
  }
}

describe('metrics of rollups', () => {
  it('tell lag, age of changes, and windows that are not as they should be', async () => {
    const broken = hourly({
      name: 'broken',
      allowedLateness: '1h',
      refresh: ({ windows }) => {
        if (windows.some(({ start }) => start.getTime() >= Date.parse('2026-03-01T01:00:00Z'))) throw new Error('no')
      },
    })
    const { scheduler, manual, scrape } = await scraped([hourly(), broken])
    await scheduler.mark('broken', '2026-03-01T00:10:00Z')
    await scheduler.mark('hourly', '2026-03-01T02:10:00Z')
    await manual.advance('3s')
    const of = await scrape()
    expect(of('lag_seconds')).toEqual({ 'rollup="hourly"': 0, 'rollup="broken"': 5_103 })
    expect(of('dirty_age_seconds')).toMatchObject({ 'rollup="hourly"': 3 })
    expect(of('on_target')).toEqual({ 'rollup="hourly"': 1, 'rollup="broken"': 0 })
    expect(of('dirty_windows')).toMatchObject({ 'rollup="hourly"': 1 })
    expect(of('failed_windows')).toEqual({ 'rollup="hourly"': 0, 'rollup="broken"': 2 })
    expect(of('suspect_windows')).toEqual({ 'rollup="hourly"': 0, 'rollup="broken"': 0 })
    expect(of('sealed_marks')).toEqual({ 'rollup="hourly"': 0, 'rollup="broken"': 1 })
    expect(of('backfill_share')).toEqual({})
  })

  it('count suspect windows', async () => {
    const { scrape } = await scraped([
      hourly({ refresh: ({ windows }) => ({ suspect: windows.map(({ start }) => ({ start, reason: 'empty' })) }) }),
    ])
    expect((await scrape())('suspect_windows')).toEqual({ 'rollup="hourly"': 3 })
  })

  it('tell how far running backfills are, and nothing of those that are paused or over', async () => {
    const gate = held()
    const { scheduler, manual, scrape } = await scraped([hourly({ refresh: gate.refresh }), hourly({ name: 'other' })])
    gate.close()
    const backfill = await scheduler.backfill('hourly', { last: '2h' })
    await manual.advance('2s')
    expect((await scrape())('backfill_share')).toEqual({ 'rollup="hourly"': 0 })
    await backfill.pause()
    expect((await scrape())('backfill_share')).toEqual({})
    await backfill.resume()
    expect((await scrape())('backfill_share')).toEqual({ 'rollup="hourly"': 0 })
    gate.open()
    await manual.advance('1m')
    expect((await scrape())('backfill_share')).toEqual({})
  })

  it('say nothing of rollups while the store does not answer', async () => {
    const { scheduler, manual } = await rolling()
    const health = await scheduler.health()
    const silent = {
      ...scheduler,
      health: async () => ({ ...health, rollups: health.rollups.map((rollup) => ({ ...rollup, freshness: null })) }),
      rollups: { ...scheduler.rollups, backfills: () => Promise.reject(new Error('gone')) },
    } as typeof scheduler
    const metrics = await collectMetrics(silent, { clock: manual.clock })
    onTestFinished(() => metrics.stop())
    const text = await metrics.text()
    for (const name of ['lag_seconds', 'on_target', 'failed_windows', 'backfill_share'])
      expect([name, valuesOf(text, `quarterjack_rollup_${name}`)]).toEqual([name, {}])
  })
})
