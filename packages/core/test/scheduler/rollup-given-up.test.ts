/** A window that was given up asks for nothing until a mark, a sweep or a backfill takes it up: no run comes for it in vain. */
import { describe, expect, it } from 'vitest'
import type { Rollup, RollupOptions } from '../../src/rollup/rollup.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { Run } from '../../src/scheduler/scheduler.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

const start = '2026-03-01T00:00:00Z'

/** Refreshes all hours but one. */
function hourly(options: Partial<RollupOptions> = {}): Rollup {
  return defineRollup({
    name: 'hourly',
    grain: 'hour',
    start,
    retry: { retries: 1 },
    refresh: ({ windows }) => {
      if (windows.some(({ start: from }) => from.getUTCHours() === 10)) throw new Error('this hour cannot be refreshed')
    },
    ...options,
  })
}

/** Runs from 13:00 to 15:00, by when they began. The window fell to its fate before. */
async function runsOf(jobs: readonly Rollup[], name: string): Promise<readonly string[]> {
  await using manual = manualScheduler({ jobs: [...jobs], clock: fakeClock('2026-03-01T12:30:00Z'), seed: 1 })
  const ran: string[] = []
  await manual.start()
  await manual.advance('30m')
  const seen = new Set<string>((await manual.scheduler.runs.find({ job: name, limit: 1_000 })).map(({ id }) => id))
  // History keeps few runs that were skipped: looked at as they come.
  for (let step = 0; step < 120; step++) {
    await manual.advance('1m')
    const fresh = (await manual.scheduler.runs.find({ job: name, limit: 1_000 })).filter(
      ({ id, startedAt }) => !seen.has(id) && startedAt !== null,
    )
    for (const run of fresh.reverse()) {
      seen.add(run.id)
      ran.push(shown(run))
    }
  }
  return ran
}

function shown({ startedAt, trigger, state }: Run): string {
  return `${startedAt?.toISOString().slice(11, 16)} ${trigger} ${state}`
}

describe('a window that was given up', () => {
  it.each<[string, Partial<RollupOptions>]>([
    ['is looked at by slots alone', {}],
    ['is looked at by slots alone where every change is marked', { capture: 'complete', source: 'calls' }],
  ])('%s', async (_, options) => {
    const ran = await runsOf([hourly(options)], 'hourly')
    expect(ran.filter((run) => run.includes('schedule')).map((run) => run.slice(0, 5))).toEqual(['13:05', '14:05'])
    expect(ran.filter((run) => run.includes('skipped'))).toEqual([])
  })

  it('lets what comes after its rollup look at most once in half a minute, however often its child was refreshed', async () => {
    const child = hourly()
    const ran = await runsOf([child, defineRollup({ name: 'half', grain: '6h', start, after: [child], refresh: () => undefined })], 'half')
    const looks = ran.filter((run) => run.includes('skipped'))
    expect(looks.length).toBeLessThanOrEqual(2 * 120)
    // It does not stop looking: its child may be mended.
    expect(looks.at(-1)).toMatch(/^1(?:4:59|5:00)/)
  })
})
