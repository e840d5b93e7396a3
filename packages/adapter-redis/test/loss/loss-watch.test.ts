/** Which number of own writes a process tells. */
import { expect, it } from 'vitest'
import { createLossWatch, type Position } from '../../src/loss/loss-watch.ts'

const at = (own: string, writes: number, epoch = 'e.0'): Position => ({ epoch, writes, own, dynamic: 0, alive: 0 })
const watchOf = () => createLossWatch((epoch) => Promise.resolve({ position: at('3.1', 9, epoch.replace('.0', '.1')), at: 0 }))

it('the highest that was seen, whatever order answers arrive in', () => {
  const watch = watchOf()
  watch.observe(at('2.1', 5), true)
  watch.observe(at('4.1', 9), true)
  watch.observe(at('3.1', 7), true)
  watch.observe(at('3.1', 12), false)
  expect(watch.position).toEqual(at('4.1', 12))
})

it('one more where two writes got the same: the first of them is lost, and each that follows it comes one later', () => {
  const watch = watchOf()
  watch.observe(at('4.1', 9), true)
  watch.observe(at('4.1', 30), true)
  expect(watch.position?.own).toBe('5.1')
  watch.observe(at('5.1', 31), true)
  expect(watch.position?.own).toBe('6.1')
})

it('what the store said at the repair, after which the same numbers come again', async () => {
  const watch = watchOf()
  watch.observe(at('4.1', 9), true)
  await watch.repair(at('4.1', 9))
  watch.observe(at('4.1', 10, 'e.1'), true)
  // Of before.
  watch.observe(at('7.1', 40), true)
  expect(watch.position).toEqual(at('4.1', 10, 'e.1'))
})
