/** Waiting for the end of a run within a request: bounded in time, and in how many do it at once. */
import { QuarterjackError, type RunHandle } from '@quarterjack/core'

export interface WaitTurns {
  /**
   * The result of a run that has succeeded; null when it goes on after `waitMs`, or when too many wait already.
   * Throws what `finished()` throws.
   */
  wait(handle: RunHandle, within: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<{ readonly result: unknown } | null>
}

export function createWaitTurns(most: number): WaitTurns {
  let waiting = 0
  return {
    async wait(handle, { waitMs, signal }) {
      if (waitMs === 0 || waiting >= most) return null
      waiting++
      try {
        return { result: await handle.finished({ timeout: waitMs, signal }) }
      } catch (error) {
        if (QuarterjackError.isInstance(error, 'WaitTimedOut') || signal.aborted) return null
        throw error
      } finally {
        waiting--
      }
    },
  }
}
