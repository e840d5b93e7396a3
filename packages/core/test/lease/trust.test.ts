import { describe, expect, it } from 'vitest'
import { trustedUntil, trustMargin } from '../../src/lease/trust.ts'

describe('trust', () => {
  it('ends a tenth of the lease, at most a second, before the lease that a request may have got at its very start', () => {
    expect(trustMargin(30_000)).toBe(1_000)
    expect(trustMargin(2_000)).toBe(200)
    expect(trustedUntil(5_000, 30_000)).toBe(34_000)
  })
})
