/** What a store of windows must know, in the plainest words: hours are numbers, changes are lists, nothing is indexed. */
import type { MarkKind } from '../../src/store/window-records.ts'

export const HOURS = 7
export const STEP = 1_000

/** A mark that was not digested yet. */
export interface ModelMark {
  readonly source: string
  from: number
  readonly to: number
  readonly kind: MarkKind
  readonly markedAt: number
  until: number
  /** As the store names it, once it was collected. */
  id: number | null
}

/** A run that refreshes. */
export interface ModelWorker {
  readonly owner: string
  readonly runId: string
  readonly fence: number
  readonly expiresAt: number
  alive: boolean
}

/** How a worker has a window: what it will have seen. */
export interface ModelHold {
  readonly worker: ModelWorker
  readonly seq: number
  /** So many of the digested changes came before the claim that took it; and before the one whose reply the worker works with. */
  readonly changes: number
  readonly known: number
  readonly read: number
  readonly isDue: boolean
  readonly backfill: ModelBackfill | null
}

export interface ModelWindow {
  /** Digested changes that no refresh has seen, in the order in which they were digested. */
  unseen: { readonly markedAt: number; readonly removed: boolean }[]
  hold: ModelHold | null
  isComplete: boolean
  isRefreshed: boolean
  attempts: number
  retryAt: number | null
  isFailed: boolean
  isSuspect: boolean
  backfill: ModelBackfill | null
  /** What the last refresh read. */
  seen: number
}

export interface ModelBackfill {
  readonly id: string
  readonly from: number
  readonly to: number
  readonly order: 'newest' | 'oldest'
  state: 'running' | 'paused' | 'cancelled' | 'finished'
  cursor: number
  stamped: number
  done: number
  failed: number
}

export interface ModelRollup {
  readonly name: string
  readonly sources: readonly string[]
  generation: number
  edges: number
  watermark: number
  windows: ModelWindow[]
  backfills: ModelBackfill[]
}

export function newWindow(): ModelWindow {
  return {
    unseen: [],
    hold: null,
    isComplete: false,
    isRefreshed: false,
    attempts: 0,
    retryAt: null,
    isFailed: false,
    isSuspect: false,
    backfill: null,
    seen: 0,
  }
}

export function newRollup(name: string, sources: readonly string[]): ModelRollup {
  return { name, sources, generation: 0, edges: 0, watermark: 0, windows: Array.from({ length: HOURS }, newWindow), backfills: [] }
}

/** Whether a record of it must be kept. */
export function isExceptional(window: ModelWindow, hour: number, watermark: number): boolean {
  const isAhead = hour >= watermark && (window.isComplete || window.isRefreshed)
  return window.hold !== null || window.unseen.length > 0 || window.isSuspect || window.backfill !== null || isAhead
}

export function dirtySince({ unseen }: ModelWindow): number | null {
  return unseen.length === 0 ? null : Math.min(...unseen.map(({ markedAt }) => markedAt))
}

/** The watermark moves over what is complete; a window whose record is gone begins anew. */
export function settleRollup(rollup: ModelRollup): void {
  while (rollup.windows[rollup.watermark]?.isComplete === true) rollup.watermark++
  for (const [hour, window] of rollup.windows.entries()) {
    if (!isExceptional(window, hour, rollup.watermark))
      rollup.windows[hour] = { ...newWindow(), seen: window.seen, isComplete: hour < rollup.watermark && window.isComplete }
  }
  for (const backfill of rollup.backfills) {
    const isExhausted = backfill.order === 'oldest' ? backfill.cursor >= backfill.to : backfill.cursor <= backfill.from
    const hasStamps = rollup.windows.some((window) => window.backfill === backfill)
    if ((backfill.state === 'running' || backfill.state === 'paused') && isExhausted && !hasStamps) backfill.state = 'finished'
  }
}
