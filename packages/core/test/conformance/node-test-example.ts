/** How an adapter opts in to the suite, here with `node:test`. Run by `suite.test.ts`. */
import { describe, it } from 'node:test'
import { memoryStore } from '../../src/memory/memory-store.ts'
import { storeConformance } from '../../src/testing/conformance/store-conformance.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

storeConformance({
  describe,
  it,
  create: () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    return { store, advance: (ms) => clock.advance(ms), close: () => store.close() }
  },
  capabilities: { shared: false, durable: false, hints: true, windows: true, looksAhead: true },
})
