import { describe, expect, it } from 'vitest'
import { slotOf } from '../../src/client/hash-slot.ts'

describe('the slot of a key', () => {
  // As CLUSTER KEYSLOT answers.
  it.each([
    ['123456789', 12_739],
    ['foo', 12_182],
    ['{foo}:anything', 12_182],
    ['foo{}{bar}', 8_363],
    ['foo{{bar}}zap', 4_015],
    ['foo{bar}{zap}', 5_061],
    ['{}', 15_257],
    ['', 0],
  ])('%j is %i', (key, slot) => {
    expect(slotOf(key)).toBe(slot)
  })
})
