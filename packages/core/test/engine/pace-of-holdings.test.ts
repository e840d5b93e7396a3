import { expect, it } from 'vitest'
import { createHoldings } from '../../src/engine/holdings.ts'

it('tells the pace of handlers: unknown before the first has ended, then by their mean duration', () => {
  const holdings = createHoldings(10)
  expect(holdings.pace).toBe('unknown')
  holdings.observe(5)
  expect(holdings.pace).toBe('brisk')
  for (let run = 0; run < 30; run++) holdings.observe(1_000)
  expect(holdings.pace).toBe('slow')
  for (let run = 0; run < 200; run++) holdings.observe(1)
  expect(holdings.pace).toBe('brisk')
  holdings.heldTooMany()
  expect(holdings.pace).toBe('slow')
})

it('tells room that is taken from a quota that is spent', () => {
  const holdings = createHoldings(2)
  holdings.limitTo(3)
  const taken = holdings.reserve(2)
  expect([holdings.room, holdings.isSpent]).toEqual([0, false])
  taken.close()
  holdings.spend(3)
  expect([holdings.room, holdings.isSpent]).toEqual([0, true])
  holdings.limitTo(null)
  expect([holdings.room, holdings.isSpent]).toEqual([2, false])
})
