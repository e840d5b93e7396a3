/** The memory store passes the whole suite. */
import { describe, it } from 'vitest'
import { storeConformance } from '../../src/testing/conformance/store-conformance.ts'
import { MEMORY_CAPABILITIES, memoryHarness } from './memory-harness.ts'

const count = { full: 100, soak: 200 }[process.env.QJ_TEST_TIER ?? ''] ?? 5

storeConformance({
  describe,
  it,
  create: () => memoryHarness(),
  capabilities: MEMORY_CAPABILITIES,
  seeds: Array.from({ length: count }, (_, index) => index + 1),
})
