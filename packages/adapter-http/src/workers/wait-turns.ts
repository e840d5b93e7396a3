/** Waiting for the end of a run within a request: bounded in time, and in how many do it at once. */
import { QuarterjackError, type RunHandle } from '@quarterjack/core'

export interface WaitTurns {
  /**
   * True when the run has succeeded; false when it goes on after `waitMs`, or when too many wait already.
   * Throws what `finished()` throws.
   */
  wait(handle: RunHandle, within: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<boolean>
}

export function createWaitTurns(most: number): WaitTurns {
  let waiting = 0
  return {
    async wait(handle, { waitMs, signal }) {
      if (waitMs === 0 || waiting >= most) return false
      waiting++
      try {
        await handle.finished({ timeout: waitMs, signal })
        return true
      } catch (error) {
        if (QuarterjackError.isInstance(error, 'WaitTimedOut') || signal.aborted) return false
        throw error
      } finally {
        waiting--
      }
    },
  }
}
