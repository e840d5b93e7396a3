/** Hints that a mutex was released: one listener for all who wait on a store. */
import type { Store } from '../store/store.ts'

/** One who waits. */
export interface Ear {
  /** Before asking: what was heard so far does not count. */
  reset(): void
  /** When something was heard since {@link Ear.reset}. */
  heard(): Promise<void>
  close(): void
}

interface Waiting {
  readonly name: string
  /** Its place among all. */
  at: number
  isHeard: boolean
  wake: (() => void) | null
}

interface Audience {
  readonly waiting: Waiting[]
  unwatch: (() => void) | null
}

const audiences = new WeakMap<Store, Audience>()

/** Hears of the mutex `name`, until it is closed. */
export function listenFor(store: Store, name: string): Ear {
  const audience = audienceOf(store)
  audience.unwatch ??= store.watch((hint) => {
    if (hint.kind !== 'lease') return
    for (const one of audience.waiting) if (one.name === hint.name) tell(one)
  })
  const { waiting } = audience
  const one: Waiting = { name, at: waiting.length, isHeard: false, wake: null }
  waiting.push(one)
  return {
    reset() {
      one.isHeard = false
    },
    heard: () =>
      new Promise((resolve) => {
        if (one.isHeard) resolve()
        else one.wake = resolve
      }),
    close() {
      leave(waiting, one)
      if (waiting.length > 0) return
      audience.unwatch?.()
      audience.unwatch = null
    },
  }
}

/** The last one takes its place. */
function leave(waiting: Waiting[], one: Waiting): void {
  const last = waiting.pop()
  if (last === undefined || last === one) return
  waiting[one.at] = last
  last.at = one.at
}

function tell(one: Waiting): void {
  one.isHeard = true
  one.wake?.()
}

function audienceOf(store: Store): Audience {
  let audience = audiences.get(store)
  if (audience === undefined) {
    audience = { waiting: [], unwatch: null }
    audiences.set(store, audience)
  }
  return audience
}
