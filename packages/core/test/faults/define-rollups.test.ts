/** Processes that die while they define a rollup whose history only marks tell of, while others digest marks: the next one builds it. */
import { expect, it } from 'vitest'
import { defineRollup } from '../../src/rollup/define-rollup.ts'
import { drainMarks } from '../../src/rollup/drain-marks.ts'
import type { Rollup } from '../../src/rollup/rollup.ts'
import type { WindowStore } from '../../src/store/windows.ts'
import { SILENT, SWALLOWED } from './line.ts'
import { createSite } from './site.ts'

const MINUTE_MS = 60_000

function version(grain: 'hour' | '30m', refreshed: Set<string>): Rollup {
  return defineRollup({
    name: 'stats',
    grain,
    start: '2026-01-01T00:00:00Z',
    capture: 'complete',
    refresh: ({ windows }) => {
      for (const { start } of windows) refreshed.add(start.toISOString().slice(11, 16))
    },
  })
}

const STEPS = [1, 2, 3, 4, 5].flatMap((most) => [SILENT, SWALLOWED].map((fault) => [most, fault.lands, fault] as const))

it.each(STEPS)('dies at call %d, which takes effect: %s', async (most, _, fault) => {
  await using site = createSite('2026-01-01T02:30:00Z')
  const old = site.process({ jobs: [version('hour', new Set())] })
  await old.start()
  await site.clock.advance(MINUTE_MS)
  const stopping = old.scheduler.stop()
  await site.clock.advance(MINUTE_MS)
  await stopping

  const windows = site.store.windows as WindowStore
  const dying = site.process({ jobs: [version('30m', new Set())] })
  let calls = 0
  dying.line.judge((verb) => {
    if (!verb.startsWith('windows.')) return null
    // Before the call arrives, as well as after the one before.
    void drainMarks({ call: (__, run) => run(windows), nextId: () => `drain-${calls}` })
    if (++calls < most) return { lands: true, answer: 'reply', outMs: 100 }
    return { ...fault, outMs: 100 }
  })
  void dying.scheduler.start().catch(() => undefined)
  await site.clock.advance(2_000)
  dying.kill()
  expect(calls).toBeGreaterThanOrEqual(most)

  const refreshed = new Set<string>()
  const young = site.process({ jobs: [version('30m', refreshed)] })
  await young.start()
  await site.clock.advance(5 * MINUTE_MS)
  expect([...refreshed].sort()).toEqual(['00:00', '00:30', '01:00', '01:30', '02:00'])
})
