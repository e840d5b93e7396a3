/** Windows of the random worlds: of equal length, counted from an instant before the world begins. */
import type { RollupRecord, Store } from '@quarterjack/core/store'
import type { World } from './world.ts'

const ORIGIN = 1_700_000_000_000 - 4_500

export interface GridWindow {
  readonly start: number
  readonly end: number
}

/** The instant that stands at a number, whatever the length of windows. */
export function instantAt(number: number): number {
  return ORIGIN + number * 900
}

/** The text of edges is the length of the windows. */
export function windowAt({ edges }: Pick<RollupRecord, 'edges'>, number: number): GridWindow {
  const length = Number(edges)
  return { start: ORIGIN + number * length, end: ORIGIN + (number + 1) * length }
}

/** Those that a range touches, so many at most. */
export function windowsIn(
  rollup: Pick<RollupRecord, 'edges'>,
  { from, to }: { readonly from: number; readonly to: number },
): readonly GridWindow[] {
  const length = Number(rollup.edges)
  const first = Math.floor((from - ORIGIN) / length)
  const last = Math.ceil((to - ORIGIN) / length)
  return Array.from({ length: Math.min(last - first, 6) }, (_, index) => windowAt(rollup, first + index))
}

/** The rollup as the reference has it. Looking brings marks up whose time has come, so that both stores must be looked at. */
export async function recordOf({ stores, now }: World, rollup: string): Promise<RollupRecord | null> {
  const [reply] = await Promise.all(stores.map((store) => windowsOf(store).state({ rollups: [{ rollup, limit: 1 }], now })))
  return reply?.states[0]?.record ?? null
}

/** The part that both stores have. */
export function windowsOf(store: Store): NonNullable<Store['windows']> {
  if (store.windows === undefined) throw new Error(`The store "${store.name}" has no windows.`)
  return store.windows
}
