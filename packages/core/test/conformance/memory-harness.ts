/** The memory store as the suite sees it: fresh, on a clock of the test. */
import { memoryStore } from '../../src/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { ConformanceHarness } from '../../src/testing/conformance/trial.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

/** What the memory store declares. */
export const MEMORY_CAPABILITIES = { shared: false, durable: false, hints: true, windows: true, looksAhead: true } as const

/** A harness around a fresh memory store, or around what `wrap` makes of it. */
export function memoryHarness(wrap: (store: Store) => Store = (store) => store): ConformanceHarness {
  const clock = fakeClock()
  const store = memoryStore({ clock })
  return { store: wrap(store), advance: (ms) => clock.advance(ms), close: () => store.close() }
}
