/** Those in this process who watch a store: told together after the step that caused a hint, each hint once. */
import type { StoreHint } from './store.ts'

/** Listeners, and what tells them. */
export interface Audience {
  /** Returns what ends the watching. The same function may watch twice. */
  watch(listener: (hint: StoreHint) => void): () => void
  /**
   * Hints of one turn are delivered together, equal ones once; with `atOnce`, all that are there are delivered in this very step.
   * A listener that throws loses that hint alone.
   */
  tell(hints: readonly StoreHint[], atOnce?: boolean): void
  readonly size: number
}

/** `onChange` hears when the first one comes and when the last one goes. */
export function createAudience(onChange: () => void = () => undefined): Audience {
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
      if (listeners.size === 1) onChange()
      return () => {
        if (listeners.delete(added) && listeners.size === 0) onChange()
      }
    },
    tell(hints, atOnce) {
      if (listeners.size === 0 || hints.length === 0) return
      if (!atOnce && gathered.size === 0) queueMicrotask(deliver)
      for (const hint of hints) gathered.set(keyOfHint(hint), hint)
      if (atOnce) deliver()
    },
    get size() {
      return listeners.size
    },
  }
}

/** Equal hints have equal keys. */
export function keyOfHint(hint: StoreHint): string {
  return Object.values(hint).join(' ')
}
