/** A refresh into a target that was looked at before: nothing is asked of it first, and all the same nothing is taken for granted. */
import type { RefreshWindow } from '@quarterjack/core'
import type { Connection } from '../client/sql-client.ts'
import { type RefreshedWindow, refreshWindows, takeBack } from './refresh-windows.ts'
import type { RollupPlan } from './rollup-plan.ts'

/** A target that was looked at, and its columns beside the window and the keys. */
export interface KnownTarget {
  readonly identity: string
  readonly values: readonly string[]
}

/**
 * Null, and as if it had not been called, where the target is another one meanwhile, or does not take the statement any more: it is to be
 * looked at again. Only that it is another one is not seen before it is written to.
 */
export async function refreshKnown(
  connection: Connection,
  plan: RollupPlan,
  { known, windows }: { readonly known: KnownTarget; readonly windows: readonly RefreshWindow[] },
): Promise<readonly RefreshedWindow[] | null> {
  try {
    const refreshed = await refreshWindows(connection, { plan, values: known.values }, windows)
    if (refreshed.identity === known.identity) return refreshed.windows
  } catch (error) {
    if (!isRefused(error)) throw error
  }
  await takeBack(connection)
  return null
}

/** A table or a column is not there, or of another type, or nothing makes its keys unique. */
function isRefused(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && code.startsWith('42')
}
