/** Rollups behind handlers, on a clock that the test moves. */
import { defineRollup, type Rollup, type RollupOptions } from '@quarterjack/core'
import { type ManualScheduler, manualScheduler } from '@quarterjack/core/testing'
import { onTestFinished } from 'vitest'
import { authorizeTokens, createHandler, type HandlerOptions } from '../../src/index.ts'
import { asking, CRON, type Handling, READ, WRITE } from './handling.ts'

export const START = '2026-03-01T00:00:00Z'

/** An hourly rollup whose refresh does nothing, unless it is told otherwise. */
export function hourly(options: Partial<RollupOptions> = {}): Rollup {
  return defineRollup({ name: 'hourly', grain: 'hour', start: START, source: 'calls', refresh: () => undefined, ...options })
}

export interface Rolling extends Handling {
  readonly manual: ManualScheduler
}

/** It is half past three, and everything before is refreshed. */
export async function rolling(rollups: readonly Rollup[] = [hourly()], options: HandlerOptions = {}): Promise<Rolling> {
  const manual = manualScheduler({ jobs: rollups, startAt: START })
  onTestFinished(() => manual.stop())
  await manual.start()
  await manual.advanceTo('2026-03-01T03:30:00Z')
  const { scheduler, clock } = manual
  const handler = createHandler(scheduler, {
    logger: false,
    clock,
    health: { cacheFor: 0 },
    authorize: authorizeTokens({ read: READ, write: WRITE }),
    workers: { secrets: CRON },
    ...options,
  })
  return { manual, scheduler, handler, ...asking(handler) }
}

/** A refresh that waits while its gate is closed. */
export function held(): { readonly refresh: RollupOptions['refresh']; close(): void; open(): void } {
  let gate: Promise<void> = Promise.resolve()
  let open = (): void => undefined
  return {
    refresh: () => gate,
    close() {
      gate = new Promise((resolve) => {
        open = resolve
      })
    },
    open: () => open(),
  }
}
