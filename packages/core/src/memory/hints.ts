/** Delivers hints after the verb that caused them, and keeps failing listeners to themselves. */
import type { StoreHint } from '../store/store.ts'

export interface Hints {
  watch(listener: (hint: StoreHint) => void): () => void
  tell(hint: StoreHint): void
}

/** Hints of one turn are delivered together, once each. */
export function createHints(): Hints {
  const listeners = new Set<(hint: StoreHint) => void>()
  let gathered = new Map<string, StoreHint>()

  const deliver = (): void => {
    const hints = gathered
    gathered = new Map()
    for (const hint of hints.values()) {
      for (const listener of [...listeners]) {
        try {
          listener(hint)
        } catch {
          // A hint is never the truth: a listener that fails has only lost a hint.
        }
      }
    }
  }

  return {
    watch(listener) {
      // A wrapper of its own, so that the same function may watch twice.
      const added = (hint: StoreHint): void => listener(hint)
      listeners.add(added)
      return () => void listeners.delete(added)
    },
    tell(hint) {
      if (listeners.size === 0) return
      if (gathered.size === 0) queueMicrotask(deliver)
      gathered.set(Object.values(hint).join(' '), hint)
    },
  }
}
