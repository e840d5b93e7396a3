/** A fresh memory store with `now` given, and the short forms of the conformance suite. */
import { memoryStore } from '../../src/memory/memory-store.ts'
import { createTrial, type Trial } from '../../src/testing/conformance/trial.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

export function memoryTrial(): Promise<Trial> {
  const store = memoryStore({ clock: fakeClock() })
  return createTrial({ store, close: () => store.close() }, { clock: 'given', scale: 1, seeds: [] })
}
